"""The Evaluate page: how good a run is, class by class, and the pictures that it gets wrong."""
