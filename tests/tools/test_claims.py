"""Claims: each file reads, its study can be planned, and the verdict follows from the measured intervals alone."""

import dataclasses
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "benchmarks" / "tools"
sys.path.insert(0, str(TOOLS))

import claims  # noqa: E402
from claims import HOLDS, IN_PART, NOT_HERE, NOT_YET, UNTESTABLE, Measured, measured, read_claims, verdict  # noqa: E402

from kmbench.analysis.run import read_run  # noqa: E402
from kmbench.api import measure  # noqa: E402
from kmbench.runner.run import plan  # noqa: E402
from kmbench.study import Study  # noqa: E402

ALL = {claim.name: claim for claim in read_claims()}


def factor(low, high, *, equal=True, race=False):
    return Measured(case="a case", equal=equal, race=race, ratio=(low * high) ** 0.5, low=low, high=high)


@pytest.fixture
def claim():
    return dataclasses.replace(ALL["faiss-over-sklearn"], least=2.0, in_each=False, reason=None)


def test_every_claim_says_where_it_stands_and_names_both_engines():
    for claim in ALL.values():
        assert claim.source
        assert claim.differs
        labels = {cell.key.label for case in plan(claim.study) for cell in case.cells}
        assert {claim.engine, claim.over} <= labels


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([factor(1.8, 2.4)], HOLDS),
        ([factor(1.8, 2.4, equal=False)], IN_PART),
        ([factor(1.8, 2.4), factor(0.9, 1.1, race=True)], IN_PART),
        ([factor(1.8, 2.4, equal=False), factor(1.2, 1.3, race=True)], HOLDS),
        ([factor(1.3, 1.6)], IN_PART),
        ([factor(1.6, 2.2)], IN_PART),  # the interval reaches the figure, what was measured does not
        ([factor(0.9, 1.1)], NOT_HERE),
        ([factor(0.3, 0.4), factor(0.9, 1.1, race=True)], NOT_HERE),
        ([], NOT_YET),
    ],
)
def test_the_verdict_follows_from_the_intervals(claim, found, expected):
    assert verdict(claim, found)[0] == expected


def test_up_to_needs_one_case_and_a_range_needs_each(claim):
    found = [factor(2.1, 2.4), factor(1.2, 1.3)]
    assert verdict(claim, found)[0] == HOLDS
    assert verdict(dataclasses.replace(claim, in_each=True), found)[0] == IN_PART


def test_one_epoch_is_no_proof(claim):
    assert verdict(claim, [Measured(case="a case", equal=True, race=False, ratio=9.0)])[0] == NOT_HERE


def test_a_claim_of_another_machine_stays_untested_whatever_is_measured(claim):
    of_a_gpu = dataclasses.replace(claim, reason="it is of a GPU")
    assert verdict(of_a_gpu, [factor(1.8, 2.4)]) == (UNTESTABLE, "it is of a GPU")


def test_a_run_is_read_and_the_page_shows_it(claim, tmp_path, monkeypatch):
    study = {"data": ["blobs:n=600,d=4,centers=5,seed=0"], "k": [5], "threads": [1], "repeats": 2, "name": "small"}
    blocks = [{"protocol": "native"}, {"protocol": "target", "iterations": 2, "seeds": 2}]
    small = Study.build(study | {"backends": "faiss-cpu,sklearn-lloyd", "cases": blocks}, "a test")
    claim = dataclasses.replace(claim, study=small)
    monkeypatch.chdir(tmp_path)
    folder = claims.folder_of(claim, "here")
    measure(small, folder, False, lambda event: None)
    found = measured(claim, read_run(folder))
    assert [one.race for one in found] == [False, True]
    assert found[0].ratio > 0
    assert "against" in found[0].detail
    monkeypatch.setattr(claims, "read_claims", lambda: [claim])
    given = claims.argparse.Namespace(claims=[], host="here", output=tmp_path / "page")
    page = claims.page(given).read_text()
    assert claim.title in page
    assert found[0].case in page


def test_the_page_without_records_says_not_measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = claims.argparse.Namespace(claims=[], host="here", output=tmp_path / "page")
    page = claims.page(given).read_text()
    assert f"{len(ALL) - 1} not measured yet" in page
