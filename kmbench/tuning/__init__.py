"""Choose nlist and nprobe of an IVF index: one exact pass instead of a search per setting."""

from kmbench.tuning.api import tune
from kmbench.tuning.choice.result import TuneResult

__all__ = ["TuneResult", "tune"]
