"""Choose the number of clusters: several criteria side by side, and whether there are clusters at all."""

from kmbench.choosing.pipeline import choose_k
from kmbench.choosing.result import ChooseResult, KRow, Pick

__all__ = ["ChooseResult", "KRow", "Pick", "choose_k"]
