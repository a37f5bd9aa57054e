"""The history names what chance does not move, and compares versions over the commits that both have."""

import math

import pandas as pd
import pytest

from kmbench.analysis.history import changes, environment_names, history_frame, versions_compared
from kmbench.report.history import render_history

PINNED, OLD = "env-new", "env-old"
FAISS = {PINNED: "1.15.1", OLD: "1.12.0"}


def row(commit, metric, value, *, environment=PINNED, backend="faiss-cpu", k=16, status="ok", stale=False, apart=60):
    return {
        "machine": "host",
        "cpu": "a CPU",
        "commit": f"{commit:040x}",
        "commit_date": pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=commit),
        "environment": environment,
        "python": "3.11",
        "version_numpy": "2.4.6",
        "version_faiss-cpu": FAISS[environment],
        "benchmark": f"fit.Fit.{metric}",
        "metric": metric,
        "unit": {"track_fit_predict_seconds": "seconds", "track_peak_extra_bytes": "bytes"}.get(metric, "1"),
        "param_backend": backend,
        "param_dataset": "digits",
        "param_k": float(k),
        "status": status,
        "value": value,
        "measured_at": pd.Timestamp("2026-02-01", tz="UTC")
        + pd.Timedelta(days=commit, seconds=apart if environment == OLD else 0),
        "stale": stale,
    }


def history(*rows):
    return history_frame(pd.DataFrame(rows))


def test_environments_are_named_by_the_versions_in_which_they_differ():
    rows = [row(0, "track_inertia", 1.0), row(1, "track_inertia", 1.0), row(0, "track_inertia", 1.0, environment=OLD)]
    assert environment_names(pd.DataFrame(rows)) == {PINNED: "faiss-cpu 1.15.1", OLD: "faiss-cpu 1.12.0"}


def test_an_inertia_that_moves_by_more_than_a_ten_thousandth_is_a_change_at_its_commit():
    rows = [row(at, "track_inertia", value) for at, value in enumerate([100.0, 100.005, 101.0, 101.0])]
    (found,) = changes(history(*rows))
    assert (found.cell, found.metric) == ("faiss-cpu, digits, k=16", "track_inertia")
    assert (found.before, found.after) == (f"{1:040x}", f"{2:040x}")
    assert (found.old, found.new, found.worse) == (100.005, 101.0, True)


def test_memory_changes_beyond_a_tenth_and_two_megabytes_only():
    steps = {20_000_000: 21_900_000, 30_000_000: 32_900_000, 1_000: 1_900_000, 9_000_000: 5_000_000}
    for before, after in steps.items():
        found = changes(history(row(0, "track_peak_extra_bytes", before), row(1, "track_peak_extra_bytes", after)))
        assert len(found) == (before == 9_000_000), before
    assert not found[0].worse


def test_what_failed_or_is_stale_makes_no_line():
    rows = [
        row(0, "track_inertia", 100.0),
        row(1, "track_inertia", 200.0, stale=True),
        row(2, "track_inertia", None, status="failed"),
        row(3, "track_inertia", 100.0),
    ]
    assert changes(history(*rows)) == []


def test_versions_are_compared_over_common_commits_by_the_geometric_mean_of_cells():
    times = {(0, 16): (1.0, 1.2), (0, 32): (2.0, 2.0), (1, 16): (1.0, 1.4), (1, 32): (4.0, 4.4), (2, 16): (1.0, None)}
    rows = []
    for (commit, k), (new, old) in times.items():
        rows.append(row(commit, "track_fit_predict_seconds", new, k=k))
        if old is not None:
            rows.append(row(commit, "track_fit_predict_seconds", old, k=k, environment=OLD))
    (found,) = versions_compared(history(*rows))
    assert (found.base, found.environment, found.cells) == ("faiss-cpu 1.15.1", "faiss-cpu 1.12.0", 2)
    assert found.slowdown.pairs == 2
    assert found.slowdown.ratio == pytest.approx(math.sqrt(math.sqrt(1.2) * math.sqrt(1.4 * 1.1)))
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("old_first", [True, False])
def test_the_environment_with_the_most_results_is_what_others_are_compared_with(old_first):
    rows = [row(0, "track_fit_predict_seconds", 1.0), row(1, "track_fit_predict_seconds", 1.0)]
    old = [row(commit, "track_fit_predict_seconds", 2.0, environment=OLD) for commit in (0, 1)]
    rows = old + rows if old_first else rows + old
    (found,) = versions_compared(history(*rows))
    assert (found.base, found.environment) == ("faiss-cpu 1.15.1", "faiss-cpu 1.12.0"), "of equals the later name"
    more = row(0, "track_inertia", 1.0, environment=OLD)
    (found,) = versions_compared(history(*rows, more))
    assert (found.base, found.slowdown.ratio) == ("faiss-cpu 1.12.0", pytest.approx(0.5))


@pytest.mark.parametrize(("apart", "verdict"), [(60, "slower"), (7200, "inconclusive")])
def test_versions_that_were_measured_in_different_hours_get_no_verdict(apart, verdict):
    rows = [row(commit, "track_fit_predict_seconds", 1.0 + commit / 100) for commit in range(8)]
    old = {"environment": OLD, "apart": apart}
    rows += [row(commit, "track_fit_predict_seconds", 2.0 + commit / 50, **old) for commit in range(8)]
    (found,) = versions_compared(history(*rows))
    assert found.slowdown.ratio == pytest.approx(2.0)
    assert found.apart_seconds == apart
    assert found.verdict == verdict
    page = " ".join(render_history(pd.DataFrame(rows)).split())
    if verdict == "slower":
        assert "faiss-cpu takes 2.00x the time" in page
        assert "measured 60 s apart)." in page
    else:
        assert "no backend is faster or slower" in page
        assert "measured 2 h apart); faiss-cpu 2.00x" in page


def test_the_page_escapes_what_comes_from_outside_and_tells_every_figure_in_words():
    rows = [row(at, "track_fit_predict_seconds", 1.0 + at, backend="<script>x") for at in range(3)]
    rows += [row(at, "track_peak_extra_bytes", 1e6 * 10**at, backend="<script>x") for at in range(3)]
    page = render_history(pd.DataFrame(rows).assign(machine="<img src=x>"))
    assert "<script" not in page
    assert "<img" not in page
    assert "from 1 to 3" in page
    assert "changed at 2 commits" in page
