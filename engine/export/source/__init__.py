"""From a drawing to the PyTorch source that a person would have written."""
