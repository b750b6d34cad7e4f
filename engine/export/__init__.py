"""Taking networks away: each format is a small file that registers itself."""
