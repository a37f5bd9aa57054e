"""Which numbers of lists are tried."""

import pytest

from kmbench.errors import TuneError
from kmbench.tuning.problem.nlist import default_nlists, read_nlists


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1_000_000, [512, 1024, 2048, 4096, 8192]),
        (200_000, [256, 512, 1024, 2048, 4096]),
        (10_000, [64, 128, 256]),
        (100, [2]),
        (5, [1]),
    ],
)
def test_default_nlists_surround_the_root_and_have_rows_enough(n, expected):
    assert default_nlists(n) == expected


def test_given_nlists_are_sorted_and_bounded():
    assert read_nlists("1_024,16,16", 2000) == [16, 1024]
    with pytest.raises(TuneError, match="--nlist 4096: more lists than the 2,000 rows; use at most 2,000"):
        read_nlists("16,4096", 2000)
