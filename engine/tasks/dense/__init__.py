"""Answers for every pixel: regions, edges, surface normals and restored pictures."""
