"""What there was before learned features: features made by hand and a classifier, and segmentation without learning.

A network is worth its effort only where it beats these. They leave run folders like any other.
"""
