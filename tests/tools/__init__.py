"""Tests of what checks the lock and the licences."""
