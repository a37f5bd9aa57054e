"""Progress: in a log a line for each finished cell with its time, on a terminal a bar with an estimate."""

import io

from rich.console import Console

from kmbench.cli.progress import Progress
from kmbench.records import CellKey, Record, RecordKind, Status
from kmbench.runner.events import CaseStarted, CellEnded, Step, StudyStarted

KEY = CellKey(
    dataset="digits", dataset_fingerprint="0", n=100, d=4, k=3, iterations=4, protocol="matched", seed=0, threads=1,
    backend="numpy-lloyd",
)  # fmt: skip


def ended(status, seconds, reason=None):
    record = Record(kind=RecordKind.OUTCOME, key=KEY, session=0, host="h", at="t", status=status, reason=reason)
    return CellEnded(record, seconds)


def shown(*events, terminal=False):
    target = io.StringIO()
    console = Console(file=target, width=80, force_terminal=terminal, _environ={"TERM": "xterm"})
    with Progress(console) as progress:
        progress(StudyStarted("out", 2, 0, {KEY.case_id: 10.0}))
        progress(CaseStarted(KEY, 1, 1, 4))
        for event in events:
            progress(event)
    return target.getvalue()


def test_a_log_has_a_line_for_each_finished_cell_with_its_time():
    lines = shown(Step(KEY, "epoch 1"), ended(Status.OK, 0.0123), ended(Status.TIMEOUT, None, "stopped after 600 s"))
    assert lines.splitlines() == [
        "[1/1] digits  k=3  threads=1  matched",
        "  numpy-lloyd: ok, 12.3 ms",
        "  numpy-lloyd: timeout (stopped after 600 s)",
    ]


def test_what_is_not_installed_is_told_once():
    lines = shown(*2 * [ended(Status.UNAVAILABLE, None, "faiss is not installed")]).splitlines()
    assert lines[1:] == ["  numpy-lloyd: unavailable (faiss is not installed)", "  numpy-lloyd: unavailable"]


def test_a_terminal_has_a_bar_with_what_is_done_and_the_time_that_is_left():
    text = shown(Step(KEY, "epoch 1"), terminal=True)
    assert "numpy-lloyd: epoch 1" in text
    assert "left" in text
    assert "━" in text
