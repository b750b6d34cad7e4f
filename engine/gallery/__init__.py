"""The gallery of famous networks: one file per family, built from layers and blocks. Never imports torch."""

from engine.gallery.base import GALLERY, GalleryEntry, PaperRow, open_network

__all__ = ["GALLERY", "GalleryEntry", "PaperRow", "open_network"]
