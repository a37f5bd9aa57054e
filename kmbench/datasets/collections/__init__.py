"""Public data sets by name: the catalogue, fetching, and reading what was fetched."""
