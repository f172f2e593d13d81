"""Tests of handing on what people confirmed."""
