"""Databases that an index is tuned for: the contract, a module for each, and what is measured there."""
