"""Tests of drift, which share the days they draw."""
