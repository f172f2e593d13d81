"""Tests of the warehouse, each on a database of its own."""
