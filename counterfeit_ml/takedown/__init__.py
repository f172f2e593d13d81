"""Handing on what people confirmed: takedown notices, and an export with the evidence."""

from counterfeit_ml.takedown.export import Exported, export
from counterfeit_ml.takedown.notice import notices, open_notice, set_status

__all__ = ["Exported", "export", "notices", "open_notice", "set_status"]
