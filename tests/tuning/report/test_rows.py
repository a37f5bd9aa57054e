"""The table of a tuning shows the fastest sure setting for round recalls, each setting once, and the chosen one."""

from types import SimpleNamespace

from known_settings import all_settings

from kmbench.tuning.choice.choose import choose
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.report.rows import frontier_rows


def rows_for(recall, **limits):
    settings, asked = all_settings(), Constraints(recall=recall, at=10, **limits)
    return frontier_rows(SimpleNamespace(settings=settings, asked=asked, choice=choose(settings, asked)))


def test_rows_rise_with_the_recall_and_name_each_setting_once():
    rows = rows_for(0.95)
    assert [row.target for row in rows] == sorted(row.target for row in rows)
    assert len({row.option.key for row in rows}) == len(rows)
    assert [row.target for row in rows if row.recommended] == [0.95]
    assert all(row.option.recall_low >= row.target for row in rows)


def test_other_constraints_are_kept_where_they_can_be():
    free, bound = rows_for(0.95), rows_for(0.95, max_build_seconds=5)
    assert any(row.option.nlist == 1000 for row in free)
    # Only 1,000 lists are sure of 0.99, so that row keeps them; all others have the 100 lists that are built in time.
    assert {row.option.nlist for row in bound if row.target < 0.98} == {100}
