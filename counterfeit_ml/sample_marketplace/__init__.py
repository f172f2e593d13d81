"""A marketplace of our own, drawn and served, whose truth is known."""

from counterfeit_ml.sample_marketplace.generation import SampleMarketplace, generate

__all__ = ["SampleMarketplace", "generate"]
