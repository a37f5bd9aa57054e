"""What to measure: the study file, its validation, and its expansion into cells."""

from kmbench.study.expand import Case, Cell, expand
from kmbench.study.model import Block, Study

__all__ = ["Block", "Case", "Cell", "Study", "expand"]
