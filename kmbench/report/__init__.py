"""What a run folder looks like to a person: one page that needs no network."""

from kmbench.report.page import write_page, write_run_page

__all__ = ["write_page", "write_run_page"]
