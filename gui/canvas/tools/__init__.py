"""Gestures, one per file."""
