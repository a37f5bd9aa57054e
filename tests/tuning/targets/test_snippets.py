"""Snippets are what they were when they were last looked at, and do in a real server what they say."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tuning_problems import K, N, recall_of

from kmbench.tuning.targets.base import Setting
from kmbench.tuning.targets.registry import read_target

GOLDEN = Path(__file__).with_name("golden")
CASES = [
    ("pgvector", "flat", "kmbench", "l2", False),
    ("pgvector", "flat", "own", "cosine", True),
    ("pgvector", "fp16", "kmbench", "ip", False),
    ("lance", "flat", "kmbench", "cosine", False),
    ("lance", "sq8+refine", "own", "l2", False),
    ("milvus", "flat", "own", "l2", False),
]


def snippet(case, problems):
    name, kind, centroids, metric, forced = case
    target = read_target(f"{name}[centroids={centroids}]").open(problems[metric].task_for(kind))
    setting = Setting(nlist=32, nprobe=4, k_factor=8, centroids=centroids, table="Snippet's", force_index=forced)
    return target, target.snippet(setting)[target.snippet_file]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case[:4])))
def test_a_snippet_is_the_golden_one(case, problems):
    target, text = snippet(case, problems)
    file = GOLDEN / f"{'-'.join(case[:4])}{Path(target.snippet_file).suffix}.txt"
    if os.environ.get("KMBENCH_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "case", [case for case in CASES if case[0] == "pgvector"], ids=lambda case: "-".join(case[:4])
)
def test_the_sql_runs_and_finds_rows(case, problems, postgres, tmp_path):
    known = problems[case[3]]
    target, text = snippet(case, problems)
    (tmp_path / "pgvector.sql").write_text(text, encoding="utf-8")
    given = known.centroids if case[2] == "kmbench" else None
    target.write_data(tmp_path, np.arange(N), known.problem.raw, given)
    try:
        done = postgres.psql(tmp_path, "pgvector.sql")
        assert done.returncode == 0, done.stderr
        ids = [int(line) for line in done.stdout.split()]
        assert len(ids) == K
        assert case[3] == "ip" or 0 in ids
        # The table is one that --check can read: its lists are those that were asked for.
        checked = read_target(f"pgvector[dsn={postgres.dsn}]").open(known.task_for(case[1]))
        with checked as standing:
            found = standing.attach("Snippet's", 32)
            assert len(found.ids) == N
            assert found.lists.nlist == 32
            assert np.array_equal(found.X[np.argsort(found.ids)], known.problem.raw)
            if case[:3] == ("pgvector", "flat", "kmbench"):
                recall = recall_of(standing.search(known.problem.raw_queries, 4).ids, known.truth.ids)
                assert recall == pytest.approx(known.promise.curve.recall[3], abs=1e-12)
    finally:
        postgres.execute("""DROP TABLE IF EXISTS "Snippet's" """)
    assert postgres.schemas() == []


@pytest.mark.parametrize("case", [case for case in CASES if case[0] == "lance"], ids=lambda case: "-".join(case[:4]))
def test_the_python_for_lance_runs_and_finds_rows(case, problems, tmp_path):
    pytest.importorskip("lance") if not os.environ.get("CI") else None
    known = problems[case[3]]
    target, text = snippet(case, problems)
    (tmp_path / "serve_lance.py").write_text(text, encoding="utf-8")
    given = known.centroids if case[2] == "kmbench" else None
    target.write_data(tmp_path, np.arange(N), known.problem.raw, given)
    done = subprocess.run([sys.executable, "serve_lance.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[0," in done.stdout


def test_the_python_for_milvus_runs_on_its_lite_server(problems, tmp_path):
    pytest.importorskip("milvus_lite")
    pytest.importorskip("pymilvus")
    target, text = snippet(CASES[-1], problems)
    (tmp_path / "serve_milvus.py").write_text(text.replace("Snippet's", "snippet"), encoding="utf-8")
    target.write_data(tmp_path, np.arange(N), problems["l2"].problem.raw, None)
    environment = os.environ | {"MILVUS_ADDRESS": str(tmp_path / "lite.db")}
    done = subprocess.run(
        [sys.executable, "serve_milvus.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "[0," in done.stdout
