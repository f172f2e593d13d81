"""Retrains the logo model from the labels in the lake."""

from counterfeit_ml.training.labels import ImportSummary, import_labels
from counterfeit_ml.training.retraining import RetrainResult, retrain

__all__ = ["ImportSummary", "RetrainResult", "import_labels", "retrain"]
