"""Engines: one file each behind the contract in `base`, found through entry points by `registry`."""
