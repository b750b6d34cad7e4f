"""Sequences: telling them apart, saying how they go on, and writing."""
