"""Everything that starts threads or processes, and what the user hears about it."""
