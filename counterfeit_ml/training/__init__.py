"""Retrains the logo model from the labels in the lake."""

import os

from counterfeit_ml.training.label_source import set_name
from counterfeit_ml.training.label_summary import ImportSummary
from counterfeit_ml.training.labels import import_labels
from counterfeit_ml.training.promotion import Promotion, conclude, promote, rollback
from counterfeit_ml.training.retraining import RetrainResult, retrain
from counterfeit_ml.training.review_labels import import_reviews

__all__ = [
    "ImportSummary",
    "Promotion",
    "RetrainResult",
    "conclude",
    "import_labels",
    "import_reviews",
    "promote",
    "retrain",
    "rollback",
    "set_name",
]

# TensorFlow's notes on its own start would drown what a retraining has to say.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
