"""How detectors learn and are read: one file for each family of heads, and what they share."""
