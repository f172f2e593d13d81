"""Monitoring: how far the days have got, and how much a day's scores and pictures have drifted.

Each day leaves the histograms of its features in the dataset ``drift``; the days after it pool
them as their reference, so that a night reads its own listings once and no earlier ones.
"""

from counterfeit_ml.monitoring.days import DayDrift, drift_days, drift_of
from counterfeit_ml.monitoring.freshness import check_freshness
from counterfeit_ml.monitoring.measurement import measure_drift

__all__ = ["DayDrift", "check_freshness", "drift_days", "drift_of", "measure_drift"]
