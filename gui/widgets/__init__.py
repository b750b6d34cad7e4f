"""Widgets that several pages use. They know the theme and plain values, never the project."""
