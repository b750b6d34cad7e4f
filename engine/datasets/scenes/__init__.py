"""Pictures of solids on a background, drawn by the program, whose objects are known to the pixel."""
