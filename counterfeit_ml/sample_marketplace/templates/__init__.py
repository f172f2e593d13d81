"""The shop's HTML pages."""
