"""The estimate of a dry run: long fits are measured once in each epoch, short ones several times."""

import dataclasses

import pytest

from kmbench.runner.estimate import work_of
from kmbench.runner.stopping import Rule
from kmbench.study import Case


@pytest.mark.parametrize(("n", "fits"), [(10_000_000, 10 + 2), (100, 10 * (5 + 1) + 2)])
def test_work_counts_as_many_fits_as_the_epochs_will_do(lab, data, n, fits):
    cells = [dataclasses.replace(cell, key=dataclasses.replace(cell.key, n=n, d=64, k=512)) for cell in lab.cells]
    one = 2.0 * n * 512 * 64 * 11  # distances of ten iterations and of the labels
    rule = Rule(least=10, rounds=5)
    processes = work_of(Case(data, tuple(cells)), rule) - (3 * fits + 2) * one
    assert processes == pytest.approx((3 * 11 + 1) * 2e10, rel=1e-6)
