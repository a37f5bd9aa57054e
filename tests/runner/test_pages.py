"""Warm and cold memory in a real run: recorded with each fit, and never compared with each other."""

import json

import pytest

CASE = ("--data", "digits:limit=200", "--k", 3, "--threads", 1, "--repeats", 1, "--no-report", "--json")
ALLOCATES = "known-allocates[megabytes=300]"


def fits_of(folder):
    lines = (folder / "run" / "records.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == "fit"]


@pytest.mark.parametrize("pages", ["warm", "cold"])
def test_each_fit_tells_what_it_spent_in_the_kernel_and_whether_memory_was_warmed(kmbench, tmp_path, pages):
    data = tmp_path / "rows.npy"
    import numpy as np

    np.save(data, np.random.default_rng(0).normal(size=(40_000, 16)).astype(np.float32))
    process = kmbench("run", *CASE[2:], "--data", data, "--backends", ALLOCATES, "--pages", pages, "--output", "run")
    (row,) = json.loads(process.stdout)
    assert (row["status"], row["pages"]) == ("ok", pages), row["reason"]
    fits = fits_of(tmp_path)
    assert all(fit["page_faults"] > 0 and fit["fit_system_seconds"] > 0 for fit in fits)
    # The full fit before the first that counts has shown that it takes 300 MB, which is more than 2.5 inputs.
    assert {fit["warmed_bytes"] > 290e6 for fit in fits} == {pages == "warm"}
    assert pages == "warm" or {fit["warmed_bytes"] for fit in fits} == {0}
    assert {fit.get("pages") for fit in fits} == {"warm" if pages == "warm" else None}
    assert row["fit_system_seconds"] == pytest.approx(min(fit["fit_system_seconds"] for fit in fits), rel=1)


def test_warm_and_cold_are_other_cases(kmbench, tmp_path):
    kmbench("run", *CASE, "--backends", "numpy-lloyd", "--output", "warm")
    kmbench("run", *CASE, "--backends", "numpy-lloyd", "--pages", "cold", "--output", "cold")
    rows = json.loads(kmbench("compare", "warm", "cold", "--json").stdout)
    assert sorted(row["note"] for row in rows) == ["not measured after", "not measured before"]


def test_a_word_that_is_neither_is_refused(kmbench):
    process = kmbench("run", *CASE, "--pages", "tepid")
    assert process.returncode == 2
    assert "pages = 'tepid'" in process.stderr
