"""Matching: whether two pictures show the same, whatever that is."""
