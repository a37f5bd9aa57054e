"""The settings side by side, and the one that is chosen."""
