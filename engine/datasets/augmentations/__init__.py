"""Augmentations, one file per family; each registers itself."""
