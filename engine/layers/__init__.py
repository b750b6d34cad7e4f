"""Layers: one small file each, holding a declaration that registers itself. See `engine.layers.base`."""
