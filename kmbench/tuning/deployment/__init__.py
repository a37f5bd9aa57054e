"""A tuned index as a folder that can be served and checked."""
