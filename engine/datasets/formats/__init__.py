"""Annotation formats: reading and writing them, one file each, and the shapes that they have in common."""
