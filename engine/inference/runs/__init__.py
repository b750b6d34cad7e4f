"""Predictors of finished runs, one file for each kind of answer."""
