"""Composite blocks: residual, inception, dense and the like. One file per family; each registers itself."""
