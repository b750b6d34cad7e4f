"""Modules that PyTorch does not have.

Each file is self-contained (it imports torch and nothing of ours), so that the code generator can copy a class into
the source that it writes.
"""
