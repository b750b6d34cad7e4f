"""What can be wrong with a drawing: one file per family of causes, each registering its checkers in `PROBLEMS`."""
