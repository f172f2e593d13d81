"""Intruders: what they try on a real stack, and how it is refused."""
