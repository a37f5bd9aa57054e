"""The second run, the table for a pull request, and records that know their revision."""

import dataclasses
import json
from pathlib import Path

import pytest
from gate_records import KEY, cell

from kmbench.analysis.run import Run
from kmbench.comparison import rivals
from kmbench.gate.judge import Outcome, judge
from kmbench.gate.markdown import to_markdown
from kmbench.gate.revisions import Revision
from kmbench.gate.run import GateResult, confirm, failing_study
from kmbench.records import Record
from kmbench.runner.run import plan
from kmbench.study import Study


def one(head=None):
    return judge(Run(records=cell("b", seed=1) + cell("h", seed=2, **(head or {}))), "b", "h")[0]


SLOW, LARGE = {"seconds": 0.0625}, {"memory": 30_000_000}


def test_only_what_fails_twice_fails():
    slow, large, fine = one(SLOW), one(LARGE), one()
    assert confirm(slow, one(SLOW)).outcome is Outcome.REGRESSION
    assert confirm(slow, fine).outcome is Outcome.PASS
    assert "not confirmed by a second run: slower" in confirm(slow, fine).findings[0].text
    assert confirm(slow, large).outcome is Outcome.PASS, "another figure is no confirmation"
    assert confirm(one(SLOW | LARGE), large).worse == {"memory"}
    assert confirm(fine, None) is fine


def test_the_second_run_holds_the_failing_cells_alone_and_does_the_same_work():
    backends = "numpy-lloyd,faiss-ivf[nlist=2,4;nprobe=1]"
    study = Study.build({"data": ["digits"], "k": [10, 20], "backends": backends, "repeats": 4}, "a test")
    records = []
    for case in plan(study):
        for planned in case.cells:
            for number, revision in enumerate(("b", "h")):
                slow = planned.key.k == 20 and planned.key.parameters.get("nlist") == 4 and revision == "h"
                key = dataclasses.replace(planned.key, revision=revision)
                made = cell(revision, seed=number, **(SLOW if slow else {}))
                records += [dataclasses.replace(record, key=key) for record in made]
    failing = [found for found in judge(Run(records=records), "b", "h") if found.outcome is Outcome.REGRESSION]
    assert len(failing) == 1
    again = [planned.key for case in plan(failing_study(study, records, failing)) for planned in case.cells]
    slow_key = next(record.key for record in records if record.key.cell_id == failing[0].head.cell_id)
    assert again == [dataclasses.replace(slow_key, revision=None)]
    assert failing_study(study, records, failing).repeats == 4


def test_of_a_race_the_second_run_holds_the_starts_that_failed():
    study = Study.build({"data": ["digits"], "k": [4], "protocol": "target", "seeds": 4, "precise": True}, "a test")
    records = []
    for case in plan(study):
        slow = SLOW if case.key.seed in (1, 2) else {}
        for number, revision in enumerate(("b", "h")):
            key = dataclasses.replace(case.key, revision=revision)
            made = cell(revision, seed=number, **(slow if revision == "h" else {}))
            records += [dataclasses.replace(record, key=key, iterations_given=64) for record in made]
    failing = [found for found in judge(Run(records=records), "b", "h") if found.outcome is Outcome.REGRESSION]
    again = failing_study(study, records, failing)
    assert [case.key.seed for case in plan(again)] == [1, 2]
    assert again.precise


def test_the_table_of_a_pull_request():
    revisions = [Revision(name=name, commit=40 * name, subject="Use `a|b` <now>", tree=Path()) for name in ("b", "h")]
    cells = [one(), one(SLOW)]
    result = GateResult(base=revisions[0], head=revisions[1], margin=0.1, cells=cells, repeated=1)
    assert result.outcome is Outcome.REGRESSION
    text = to_markdown(result)
    assert "## kmbench gate: regression" in text
    assert "Use \\`a\\|b\\` \\<now\\>" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 2
    assert rows[0].endswith("| pass |")
    assert rows[1].endswith("| **REGRESSION** |")
    assert {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")} == {9}
    assert "- `numpy-lloyd` time: slower: 1.2" in text
    assert "Every cell finds slowdowns from 1" in text
    blind = dataclasses.replace(result, cells=[one(), one({"noise": 0.4})])
    assert blind.outcome is Outcome.BLIND
    assert "1 of 2 cells find slowdowns from 1" in to_markdown(blind)
    assert "blind" in to_markdown(blind).splitlines()[0]


def test_a_table_is_short_enough_for_a_comment():
    revision = Revision(name="b", commit=40 * "b", subject="s", tree=Path())
    many = GateResult(base=revision, head=revision, margin=0.1, cells=[one(SLOW)] * 1000, repeated=0)
    assert len(to_markdown(many)) < 65_536
    assert to_markdown(many).endswith("it is in the artifact.\n")


def test_a_revision_is_part_of_the_cell_and_not_of_the_case():
    base, head = (dataclasses.replace(KEY, revision=name) for name in ("b", "h"))
    assert base.case_id == head.case_id == KEY.case_id
    assert len({base.cell_id, head.cell_id, KEY.cell_id}) == 3
    assert base.label == "numpy-lloyd@b"
    assert KEY.label == "numpy-lloyd"


def test_records_without_a_revision_are_what_they_were():
    # Ids as kmbench wrote them before there were revisions.
    assert (KEY.case_id, KEY.cell_id) == ("9a3e8a345620", "9e75abc74e9e")
    line = cell(None)[0].to_line()
    assert "revision" not in json.loads(line)
    assert Record.from_flat(json.loads(line)).key == KEY
    later = cell("abc1234")[0]
    assert Record.from_flat(json.loads(later.to_line())) == later


@pytest.mark.parametrize("wanted", [None, "faiss-cpu"])
def test_cells_of_revisions_are_compared_with_their_own_base(wanted):
    keys = [
        dataclasses.replace(KEY, backend=backend, revision=revision)
        for backend in ("numpy-lloyd", "faiss-cpu")
        for revision in ("b", "h")
    ]
    assert rivals(keys, wanted) == [0, 0, 2, 2]
    plain = [dataclasses.replace(KEY, backend=backend) for backend in ("numpy-lloyd", "faiss-cpu")]
    assert rivals(plain, "faiss-cpu") == [1, 1]
