"""Does this host, with this protocol, find what is known to be true? Backends with known behaviour, and the check."""

from kmbench.selftest.check import Finding, selftest

__all__ = ["Finding", "selftest"]
