"""The gallery of famous networks: one file per family, built from layers and blocks. Never imports torch."""

from engine.gallery.base import GALLERY, GalleryEntry, open_network

__all__ = ["GALLERY", "GalleryEntry", "open_network"]
