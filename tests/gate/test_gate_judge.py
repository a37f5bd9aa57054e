"""What the gate calls worse, from records that hold a known difference."""

import math
import tomllib

import numpy as np
import pytest
from gate_records import cell
from scipy import stats

from kmbench.analysis.run import Run
from kmbench.errors import StudyError
from kmbench.gate.evidence import LEVEL, finds_from, hidden_by_noise, holm, p_slower, pairs_needed
from kmbench.gate.judge import Outcome, judge
from kmbench.gate.rules import CellRule, rules_of
from kmbench.records import Status
from kmbench.study import Study


def verdict(base=None, head=None, **options):
    """Judge one cell whose two revisions differ as told."""
    records = []
    if base is not False:
        records += cell("b", seed=1, **(base or {}))
    if head is not False:
        records += cell("h", seed=2, **(head or {}))
    found = judge(Run(records=records), "b", "h", **options)
    assert len(found) == 1
    return found[0]


def test_equal_revisions_pass_without_a_word():
    found = verdict()
    assert found.outcome is Outcome.PASS
    assert found.findings == ()
    assert found.time.ratio == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("head", "figure"),
    [
        ({"seconds": 0.0625}, "time"),
        ({"inertia": 101.0}, "inertia"),
        ({"inertia": math.nextafter(100.0, 101.0)}, "inertia"),
        ({"matched_agreement": 0.999}, "agreement"),
        ({"n_iter": 11}, "iterations"),
        ({"memory": 12_100_001}, "memory"),
        ({"memory": None}, "memory"),
        ({"inertia": None}, "inertia"),
        ({"status": Status.CRASHED}, "status"),
        (False, "status"),
    ],
)
def test_what_is_worse_is_a_regression(head, figure):
    found = verdict(head=head)
    assert found.outcome is Outcome.REGRESSION
    assert found.worse == {figure}


@pytest.mark.parametrize(
    ("head", "remark"),
    [
        ({"seconds": 0.025}, "faster"),
        ({"inertia": 99.0}, "better"),
        ({"memory": 5_000_000}, "less"),
        ({"n_iter": 9}, "10 to 9"),
    ],
)
def test_what_is_not_worse_passes_with_a_remark(head, remark):
    found = verdict(head=head)
    assert found.outcome is Outcome.PASS
    assert remark in found.findings[0].text


def test_memory_may_grow_by_a_tenth_or_by_two_megabytes():
    assert verdict(head={"memory": 11_900_000}).outcome is Outcome.PASS
    assert verdict({"memory": 0}, {"memory": 2_000_000}).outcome is Outcome.PASS
    assert verdict({"memory": 100_000_000}, {"memory": 109_000_000}).outcome is Outcome.PASS
    assert verdict({"memory": 100_000_000}, {"memory": 111_000_000}).outcome is Outcome.REGRESSION


def test_a_slowdown_inside_the_margin_passes_and_beyond_it_fails():
    slower = {"seconds": 0.0625}
    assert verdict(head=slower, margin=0.5).outcome is Outcome.PASS
    assert verdict(head={"seconds": 0.052}).outcome is Outcome.PASS


def test_a_cell_whose_noise_hides_the_margin_is_blind():
    found = verdict({"noise": 0.3}, {"noise": 0.3, "seconds": 0.0625})
    assert found.outcome is Outcome.BLIND
    assert found.findings[0].text.startswith("blind: ")
    assert f"only slowdowns from {found.finds_from:.0%} would be found" in found.findings[0].text
    alone = verdict(head={"epochs": 1})
    assert alone.outcome is Outcome.BLIND
    assert alone.finds_from is None
    assert "two epochs" in alone.findings[0].text


def test_noise_excuses_nothing_and_hides_no_gain():
    noisy = {"noise": 0.15}
    assert verdict(noisy, noisy | {"inertia": 101.0}).outcome is Outcome.REGRESSION
    assert verdict(noisy, noisy | {"seconds": 0.02}).outcome is Outcome.PASS, "head is faster beyond doubt"


def test_a_slowdown_from_which_it_finds_is_found_in_four_of_five_runs():
    # By simulation: the power of the test at the size that `finds_from` gives for the true noise.
    rng = np.random.default_rng(0)
    noise, pairs, cells, margin = 0.05, 8, 5, 0.10
    size = (1 + margin) * (1 + hidden_by_noise(noise, pairs, cells)) - 1
    runs = rng.normal(math.log1p(size), noise, (4000, pairs))
    found = np.mean([p_slower(logs, margin) <= LEVEL / cells for logs in runs.tolist()])
    assert found == pytest.approx(0.8, abs=0.05)
    assert finds_from([0.0, 0.1], margin, 1) > finds_from([0.0, 0.1, 0.0, 0.1], margin, 1) > margin


def test_longer_runs_count_with_the_first():
    noisy = {"noise": 0.12}
    run = Run(records=cell("b", seed=1, **noisy) + cell("h", seed=2, **noisy))
    longer = Run(records=cell("b", seed=3, epochs=40, **noisy) + cell("h", seed=4, epochs=40, **noisy))
    first, both = judge(run, "b", "h")[0], judge(run, "b", "h", longer=[longer])[0]
    assert (len(first.logs), len(both.logs)) == (8, 48)
    assert (first.outcome, both.outcome) == (Outcome.BLIND, Outcome.PASS)
    wanted = pairs_needed(first.logs, 0.10, 1, 64)
    deviation = np.std(first.logs, ddof=1)
    assert hidden_by_noise(deviation, wanted, 1) <= 0.10 < hidden_by_noise(deviation, wanted - 1, 1)


def test_margin_nought_finds_what_the_usual_margin_allows():
    slower = {"seconds": 0.0535}
    assert verdict(head=slower).outcome is Outcome.PASS
    assert verdict(head=slower, margin=0.0).worse == {"time"}


def test_a_study_gives_cases_their_own_margin_and_names_cells_that_do_not_fail():
    cases = [
        {"data": ["blobs"], "k": [2], "backends": "numpy-lloyd,faiss-cpu", "margin": 50, "tracked": "faiss-cpu"},
        {"data": ["blobs"], "k": [3], "backends": "faiss-ivf[nlist=2;nprobe=1]", "tracked": True},
        {"data": ["blobs"], "k": [4], "backends": "numpy-lloyd"},
    ]
    study = Study.build({"cases": cases, "threads": [1]}, "a test")
    assert Study.build(tomllib.loads(study.to_toml()), "itself") == study
    records = []
    for k, backend in ((2, "numpy-lloyd"), (2, "faiss-cpu"), (3, "faiss-ivf"), (4, "numpy-lloyd")):
        changes = {"k": k, "backend": backend, "iterations": 10}
        changes |= {"parameters": {"nlist": 2, "nprobe": 1}} if backend == "faiss-ivf" else {}
        records += cell("b", seed=1, **changes) + cell("h", seed=2, seconds=0.0625, **changes)
    found = {(c.head.k, c.label): c for c in judge(Run(records=records), "b", "h", rules=rules_of(study))}
    assert {key: (c.outcome.value, c.fails) for key, c in found.items()} == {
        (2, "numpy-lloyd"): ("pass", False),
        (2, "faiss-cpu"): ("pass", False),
        (3, "faiss-ivf[nlist=2;nprobe=1]"): ("regression", False),
        (4, "numpy-lloyd"): ("regression", True),
    }
    assert found[2, "faiss-cpu"].rule == CellRule(0.5, True)
    assert found[3, "faiss-ivf[nlist=2;nprobe=1]"].outcome_text == "regression, tracked"
    strict = {(c.head.k, c.label): c for c in judge(Run(records=records), "b", "h", rules=rules_of(study, 0.1))}
    assert strict[2, "numpy-lloyd"].fails, "a margin given to the gate replaces those of the study"


def test_a_tracked_cell_must_be_one_of_the_backends():
    study = Study.build({"data": ["blobs"], "k": [2], "backends": "numpy-lloyd", "tracked": "faiss"}, "a test")
    with pytest.raises(StudyError, match="tracked = 'faiss' is not among the backends; known: numpy-lloyd"):
        rules_of(study)


def test_arithmetic_that_was_changed_on_purpose_is_allowed_by_a_tolerance():
    head = {"inertia": 100.00001, "matched_agreement": 1 - 1e-7}
    assert verdict(head=head).worse == {"inertia", "agreement"}
    assert verdict(head=head, tolerance=1e-6).outcome is Outcome.PASS


def test_with_several_threads_the_order_of_sums_does_not_count():
    assert verdict({"threads": 2}, {"threads": 2, "inertia": 100.00001}).outcome is Outcome.PASS
    assert verdict({"threads": 2}, {"threads": 2, "inertia": 100.001}).worse == {"inertia"}


def test_a_new_cell_is_no_regression_and_one_in_neither_was_not_measured():
    new = verdict(base={"status": Status.ERROR})
    assert (new.outcome, new.worse) == (Outcome.NOT_MEASURED, frozenset())
    assert "new or fixed" in new.findings[0].text
    assert verdict(base=False).outcome is Outcome.NOT_MEASURED
    neither = verdict({"status": Status.UNAVAILABLE}, {"status": Status.UNAVAILABLE})
    assert neither.outcome is Outcome.NOT_MEASURED
    assert "in neither: unavailable (why)" in neither.findings[0].text


def test_each_backend_is_compared_with_itself():
    records = []
    for backend, factor in (("numpy-lloyd", 1.0), ("faiss-cpu", 3.0)):
        for number, revision in enumerate(("b", "h")):
            records += cell(revision, backend=backend, seconds=0.05 * factor, seed=number)
    found = judge(Run(records=records), "b", "h")
    assert [one.outcome for one in found] == [Outcome.PASS] * 2
    assert all(one.time.ratio == pytest.approx(1, abs=0.05) for one in found)


def test_the_chance_is_that_of_students_test():
    logs = [0.20, 0.25, 0.15, 0.22, 0.18]
    expected = stats.ttest_1samp(logs, math.log(1.1), alternative="greater").pvalue
    assert p_slower(logs, 0.10) == pytest.approx(expected)
    assert p_slower([0.2, 0.2], 0.10) == 0.0
    assert p_slower([0.0, 0.0], 0.10) == 1.0


def test_holm_on_a_worked_example():
    # Levels 0.05/4, 0.05/3, 0.05/2, 0.05: the third smallest, 0.03, is above 0.025, and 0.04 is not looked at.
    assert holm([0.01, 0.04, 0.03, 0.005], 0.05) == [True, False, False, True]
    assert holm([], 0.05) == []


def test_more_cells_ask_for_more_evidence():
    slow = {"seconds": 0.0565, "noise": 0.012, "epochs": 8}
    alone = judge(Run(records=cell("b", seed=5, noise=0.012) + cell("h", seed=6, **slow)), "b", "h")
    assert alone[0].p_slower is not None
    among = []
    for number in range(30):
        k = 2 + number
        among += cell("b", seed=5, noise=0.012, k=k) + cell("h", seed=6, k=k, **(slow if number == 0 else {}))
    many = {one.case: one for one in judge(Run(records=among), "b", "h")}
    first = next(iter(many.values()))
    assert first.p_slower == pytest.approx(alone[0].p_slower)
    assert 0.01 / 30 < first.p_slower < 0.01, "the example must lie between the two levels"
    assert (alone[0].outcome, first.outcome) == (Outcome.REGRESSION, Outcome.PASS)
