"""Tests of the sample marketplace."""
