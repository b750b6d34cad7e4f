"""Torchvision's trained models as predictors, one file for each kind of answer."""
