"""One reader for tables as people have them: what a file says is found first, then every column is read by rules."""
