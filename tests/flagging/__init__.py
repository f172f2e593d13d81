"""Rules, floors and what they make of a day."""
