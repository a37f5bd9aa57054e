"""Numbers that mean nothing are refused by name, by every task alike, before any work is done."""

import numpy as np
import pytest

from kmbench import choose_k, quantize, segment, semantic_ids, tune
from kmbench.errors import CaseError

ROWS = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
PICTURE = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
TASKS = {
    "choose_k": lambda **wrong: choose_k(ROWS, k="2:3", **wrong),
    "semantic_ids": lambda **wrong: semantic_ids(ROWS, codebook=4, **wrong),
    "quantize": lambda **wrong: quantize(PICTURE, 3, **wrong),
    "segment": lambda **wrong: segment("customers.csv", 3, **wrong),
    "tune": lambda **wrong: tune(ROWS, recall=0.9, **wrong),
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("name", "number"), [("threads", 0), ("threads", -1), ("iterations", -4), ("seed", -5)])
def test_a_number_that_is_too_small_is_named(task, name, number):
    with pytest.raises(CaseError, match=f"^{name}={number} is too small; use at least {0 if name == 'seed' else 1}$"):
        TASKS[task](**{name: number})


def test_too_few_rows_to_choose_from_are_told_as_such():
    with pytest.raises(CaseError, match="1 row: too few to compare"):
        choose_k(ROWS[:1], k="2:3")
