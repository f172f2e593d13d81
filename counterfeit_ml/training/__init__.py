"""Retrains the logo model from the labels in the lake."""
