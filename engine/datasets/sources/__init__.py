"""Where pictures come from, one file per source or format; each registers itself."""
