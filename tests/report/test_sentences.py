"""The sentence of a case claims what the intervals and the inertias allow, and no more."""

import pytest

from kmbench.analysis.run import read_run
from kmbench.records import Status
from kmbench.report.sentences import case_name, headline, more_cases

DIGITS = "digits (1,797 x 64, k=10, 1 thread)"


@pytest.fixture
def said(tmp_path, write):
    """Return the sentence for a case, and the one about what was left out."""

    def say(case, study='name = "quick"\n'):
        run = read_run(write(tmp_path / "run", case, study=study))
        found = headline(run.cases[0], case_name(run.cases[0].lead))
        return str(found), found.left_out

    return say


def test_the_fastest_is_named_with_its_ratio_to_the_baseline(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.0132, noise=0.01).cell("numpy-lloyd", 0.01, noise=0.01)
    text, left_out = said(case)
    assert text.startswith(f"On {DIGITS} numpy-lloyd is 1.3")
    assert " to 1.3" in text
    assert text.endswith(" as fast as sklearn-lloyd, at the same inertia.")
    assert left_out is None


def test_the_baseline_as_the_fastest_is_compared_with_the_next(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.01, noise=0).cell("numpy-lloyd", 0.02, noise=0).cell("faiss-cpu", 1)
    text, _ = said(case)
    assert "sklearn-lloyd is the fastest sound backend: 2.00x" in text
    assert text.endswith(" as fast as numpy-lloyd, the next, at the same inertia.")


def test_a_ratio_whose_interval_contains_1_is_no_win(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.01, noise=0.2).cell("numpy-lloyd", 0.01, noise=0.2)
    text, _ = said(case)
    assert "numpy-lloyd and sklearn-lloyd are" in text or "sklearn-lloyd and numpy-lloyd are" in text
    assert "cannot be told apart" in text
    assert text.endswith(", so it may be 1.")
    assert "is the fastest" not in text


def test_two_that_tie_are_still_compared_with_the_baseline(said, new_case):
    case = (
        new_case().cell("sklearn-lloyd", 0.1).cell("numpy-lloyd", 0.01, noise=0.2).cell("faiss-cpu", 0.01, noise=0.2)
    )
    text, _ = said(case)
    assert "cannot be told apart" in text
    assert "as fast as sklearn-lloyd" in text


def test_cells_of_several_revisions_are_compared_with_the_fastest_and_not_with_their_own_base(said, new_case):
    case = new_case()
    for backend, seconds in (("sklearn-lloyd", 0.04), ("numpy-lloyd", 0.01)):
        case.cell(backend, seconds, noise=0, revision="aaa").cell(backend, 1.2 * seconds, noise=0, revision="bbb")
    text, _ = said(case)
    assert "numpy-lloyd@aaa is the fastest sound backend: 1.20x (1.20 to 1.20) as fast as numpy-lloyd@bbb" in text


def test_many_that_tie_are_counted(said, new_case):
    case = new_case()
    for name in "abcde":
        case.cell(name, 0.01, noise=0.3)
    text, _ = said(case)
    assert " and 2 more are the fastest sound backends, at the same inertia, and cannot be told apart" in text


def test_a_faster_approximate_answer_does_not_take_the_headline(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.021).cell("numpy-lloyd", 0.016)
    case.cell("faiss-ivf", 0.01, ratio=1.032)
    text, _ = said(case)
    assert "numpy-lloyd is the fastest sound backend" in text
    assert "; faiss-ivf is faster still (2." in text
    assert text.endswith("x) but its inertia is 3.2% worse.")


def test_several_faster_approximate_answers_are_listed(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.1).cell("numpy-lloyd", 0.05)
    for probes in (1, 2, 4, 8):
        case.cell("faiss-ivf", 0.01, ratio=1 + 0.1 / probes, parameters={"nprobe": probes})
    text, _ = said(case)
    assert "; faster still, but with a different inertia, are faiss-ivf[nprobe=" in text
    assert text.endswith(" and 1 more.")


def test_a_slower_approximate_answer_is_not_mentioned(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.02).cell("numpy-lloyd", 0.01).cell("faiss-ivf", 0.05, ratio=1.1)
    assert "faiss-ivf" not in said(case)[0]


def test_a_baseline_with_another_inertia_is_not_what_the_headline_is_over(said, new_case):
    case = new_case().cell("numpy-lloyd", 0.02, noise=0).cell("faiss-cpu", 0.03, noise=0)
    case.cell("sklearn-minibatch", 0.01, ratio=1.5)
    text, _ = said(case, 'name = "quick"\nbaseline = "sklearn-minibatch"\n')
    assert "numpy-lloyd is the fastest sound backend: 1.50x" in text
    assert "as fast as faiss-cpu, the next" in text
    assert "; sklearn-minibatch is faster still (" in text
    assert "as fast as numpy-lloyd) but its inertia is 50.0% worse." in text


def test_one_that_alone_reaches_the_reference(said, new_case):
    case = new_case().cell("numpy-lloyd", 0.02).cell("faiss-ivf", 0.01, ratio=2.5)
    text, _ = said(case)
    assert "numpy-lloyd is the only backend that reaches the reference's inertia, in " in text
    assert text.endswith("as fast as numpy-lloyd) but its inertia is 2.5 times the reference's.")


def test_none_reaches_the_reference(said, new_case):
    case = new_case().cell("a", 0.01, ratio=1.2).cell("b", 0.02, ratio=1.1)
    text, _ = said(case)
    assert f"On {DIGITS} no backend reaches the reference's inertia; the closest is b (" in text
    assert "the fastest a (" in text


def test_a_lower_inertia_than_the_reference_counts_and_is_told(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.02).cell("numpy-lloyd", 0.01, ratio=0.98)
    assert said(case)[0].endswith("at an inertia 2.0% better than the reference's.")


def test_one_round_gives_no_interval(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.02, rounds=1).cell("numpy-lloyd", 0.01, rounds=1)
    text, _ = said(case)
    assert "numpy-lloyd took the least time: " in text
    assert text.endswith("but one epoch gives no confidence interval.")


def test_backends_without_a_common_round_have_no_ratio(said, new_case, tmp_path):
    case = new_case().cell("sklearn-lloyd", 0.02, rounds=0).cell("numpy-lloyd", 0.01)
    assert "has no epoch in common with sklearn-lloyd" in said(case)[0]


def test_the_only_sound_one_has_nothing_to_win_against(said, new_case):
    case = new_case().cell("numpy-lloyd", 0.01, ratio=1.5)
    case.cell("faiss-cpu", 0.001, status=Status.INVALID, reason="a wrong answer", ratio=1.2)
    text, left_out = said(case)
    assert "numpy-lloyd is the only backend with a sound answer, in " in text
    assert "at an inertia 50.0% worse than the reference's: there is nothing to compare it with." in text
    assert left_out == "Not compared: faiss-cpu gave an invalid answer."


def test_no_sound_one_says_what_became_of_all(said, new_case):
    case = new_case()
    for name, status in zip("abcdefg", [s for s in Status if s is not Status.OK], strict=True):
        case.cell(name, status=status, reason="because")
    text, _ = said(case)
    for became in (
        "a gave an invalid answer",
        "b was skipped",
        "c was not available here",
        "d raised an error",
        "e ran out of time",
        "f ran out of memory",
        "g crashed",
    ):
        assert became in text


def test_a_grid_of_the_same_backend_is_told_apart_by_its_parameters(said, new_case):
    case = new_case().cell("sklearn-lloyd", 0.05, noise=0)
    case.cell("numpy-lloyd", 0.03, parameters={"block": 64}).cell("numpy-lloyd", 0.01, noise=0)
    text, _ = said(case)
    assert f"On {DIGITS} numpy-lloyd is the fastest sound backend: 5.00x" in text


def test_a_case_is_named_by_what_sets_it_apart(new_case, write, tmp_path):
    run = read_run(write(tmp_path, new_case(protocol="native", threads=4).cell("numpy-lloyd", 0.01)))
    row = run.cases[0].lead
    assert case_name(row) == "digits (1,797 x 64, k=10, 4 threads, native)"
    assert case_name(row, ["iterations", "seed"]) == (
        "digits (1,797 x 64, k=10, 4 threads, 10 iterations, seed 0, native)"
    )


def test_what_is_left_is_counted_in_the_right_number():
    assert [more_cases(count) for count in (-2, 0, 1, 1200)] == ["", "", "1 more case", "1,200 more cases"]
