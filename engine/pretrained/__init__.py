"""Torchvision's trained models where their weight files lie on this computer. Nothing here reaches for a network."""
