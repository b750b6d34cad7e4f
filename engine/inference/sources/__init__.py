"""One file per kind of source; each registers itself in `engine.inference.source.SOURCES`."""
