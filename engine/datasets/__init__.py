"""Datasets: one file per source or format, and what turns pictures into tensors."""
