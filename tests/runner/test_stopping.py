"""The stopping rule looks at precision and budget alone."""

import pytest

from kmbench.runner.stopping import Rule, Stop, Stopping, rule_of, worst_half_width
from kmbench.study import Study

RULE = Rule(further=0)


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
    assert Stopping(RULE).why(epochs, half_width, seconds, longest) is expected


def stopped_after(half_widths, rule):
    stopping = Stopping(rule)
    return next((n for n, width in enumerate(half_widths, start=1) if stopping.why(n, width, 1, 0.1)), None)


def test_two_epochs_follow_the_one_in_which_the_intervals_are_first_tight_enough():
    wide, tight = 0.06, 0.04
    rule = Rule(least=3, most=20)
    assert stopped_after([wide] * 5 + [tight] * 9, rule) == 8
    assert stopped_after([wide] * 5 + [tight] + [wide] * 9, rule) == 8  # as many, whatever they show
    assert stopped_after([tight] * 9, rule) == 5  # they count from the least
    assert stopped_after([wide] * 18 + [tight] * 9, rule) == 20  # and the most stays the most
    assert stopped_after([None] * 9, rule) == 3  # without an interval there is none to keep honest


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
