"""The stopping rule looks at precision and budget alone."""

import pytest

from kmbench.runner.stopping import Rule, Stop, rule_of, why_stop, worst_half_width
from kmbench.study import Study

RULE = Rule()


@pytest.mark.parametrize(
    ("epochs", "half_width", "seconds", "longest", "expected"),
    [
        (9, 0.001, 1, 0.1, None),  # too few, however tight
        (10, 0.05, 1, 0.1, Stop.PRECISE),
        (10, 0.051, 1, 0.1, None),
        (10, None, 1, 0.1, Stop.PRECISE),  # a single backend has no ratio
        (4, 0.01, 1, 61, None),
        (5, 0.01, 1, 61, Stop.PRECISE),  # long fits
        (30, 0.5, 1, 0.1, Stop.MOST),
        (1, None, 600, 0.1, Stop.BUDGET),
        (30, 0.5, 700, 0.1, Stop.MOST),
    ],
)
def test_every_branch(epochs, half_width, seconds, longest, expected):
    assert why_stop(RULE, epochs, half_width, seconds, longest) is expected


def test_the_widest_interval_decides():
    base = {0: 1.0, 1: 1.0, 2: 1.0}
    tight, loose = {0: 2.0, 1: 2.0, 2: 2.0}, {0: 1.0, 1: 2.0, 2: 4.0}
    assert worst_half_width(base, [tight]) == pytest.approx(0.0, abs=1e-12)
    assert worst_half_width(base, [tight, loose]) == worst_half_width(base, [loose]) > 1
    assert worst_half_width(base, [{0: 1.0}]) is None
    assert worst_half_width(base, []) is None


@pytest.mark.parametrize(
    ("options", "protocol", "epochs", "rounds"),
    [
        ({}, "matched", (10, 5, 30), 5),
        ({"quick": True}, "matched", (3, 3, 3), 3),
        ({"quick": True, "repeats": 4}, "matched", (4, 4, 4), 5),  # as asked for
        ({}, "target", (1, 1, 1), 2),
        ({"quick": True, "repeats": 2}, "target", (2, 2, 2), 2),
    ],
)
def test_epochs_and_rounds_follow_the_options(options, protocol, epochs, rounds):
    rule = rule_of(Study(name="s", data=["digits"], k=[4], backends=["numpy-lloyd"], **options), protocol)
    assert (rule.least, rule.least_slow, rule.most) == epochs
    assert rule.rounds == rounds
