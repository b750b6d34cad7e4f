"""The open project, its undo history, and what is known about it."""
