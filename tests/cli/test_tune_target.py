"""`kmbench tune --target` as a user meets it: the answer, what is saved, its check, and bad input in a line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tuning" / "targets"))

from real_postgres import running_postgres

N, D = 5_000, 16


def rows(n, seed, spread=0.6):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(60, D))
    return (centres[rng.integers(60, size=n)] + spread * rng.normal(size=(n, D))).astype(np.float32)


@pytest.fixture(scope="module")
def server():
    with running_postgres() as server:
        yield server


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "base.npy", rows(N, 2))
    np.save(tmp_path / "queries.npy", rows(200, 3))
    return tmp_path


@pytest.fixture
def tune(rogues, folder):
    """Run `kmbench tune` with 32 lists and return the finished process."""

    def run(*arguments, nlist="32", data="base.npy", **variables):
        options = [] if data is None else [data, "--nlist", nlist, "--epochs", "1", "--no-report"]
        command = [sys.executable, "-P", "-m", "kmbench", "tune", *options, "--queries", "queries.npy", *arguments]
        environment = {name: value for name, value in rogues.items() if not name.startswith("PG")}
        environment |= {"XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder), **variables}
        return subprocess.run(
            list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )

    return run


def host_of(server):
    return {"PGHOST": str(server.sockets), "PGUSER": "postgres", "PGDATABASE": "postgres"}


def test_the_answer_is_measured_in_the_database_and_the_scratch_is_gone(tune, server):
    done = tune("--target", f"pgvector[dsn={server.dsn}]", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["there"]
    assert told["measured"] is True
    assert told["versions"].keys() == {"PostgreSQL", "pgvector"}
    chosen = next(one for one in told["settings"] if one["nprobe"] == told["nprobe"])
    assert chosen["recall"] == pytest.approx(chosen["promised"], abs=1e-9)
    assert chosen["recall"] >= 0.95
    assert chosen["latency_ms"]["p50"] > 0
    assert server.schemas() == []


def test_the_page_has_both_curves_and_what_was_found(tune, server, folder):
    done = tune("--target", f"pgvector[dsn={server.dsn};centroids=own]", "--report", "--output", "page.html")
    assert done.returncode == 0, done.stderr
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "The promise and pgvector" in page
    assert "the lists in pgvector" in page
    assert "in FAISS, by its model" in page
    assert str(server.sockets) not in page


def test_libpqs_variables_name_a_server_too(tune, server):
    done = tune("--target", "pgvector", **host_of(server))
    assert done.returncode == 0, done.stderr
    assert "found by searching" in " ".join(done.stdout.split())


def test_without_a_server_the_answer_is_sql_and_says_so(tune):
    done = tune("--target", "pgvector")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    assert "not measured there" in text
    assert "WITH (lists = 32)" in text
    assert json.loads(tune("--target", "pgvector", "--json").stdout)["there"]["measured"] is False


def test_a_table_is_kept_saved_and_checked_and_its_drift_is_seen(tune, server, folder):
    done = tune("--target", "pgvector[table=items]", "--save", "deployment", **host_of(server))
    assert done.returncode == 0, done.stderr
    try:
        saved = {path.name for path in (folder / "deployment").iterdir()}
        assert saved == {"recipe.json", "queries.npy", "pgvector.sql", "vectors.pgcopy", "centroids.pgcopy"}
        assert server.execute("SELECT count(*) FROM items") == [(N,)]
        first = tune("--check", "deployment", "--json", data=None, **host_of(server))
        assert first.returncode == 0, first.stderr
        told = json.loads(first.stdout)
        assert told["recall"] == told["recall_then"]
        assert told["imbalance"] == told["imbalance_then"]
        assert told["notes"] == []
        # Rows of another kind fill the lists unevenly; REINDEX then trains other centroids.
        server.execute(
            "INSERT INTO items SELECT 100000 + i, (SELECT embedding FROM items WHERE id = 0) + "
            "('[' || concat_ws(',', i * 1e-6" + ", random() * 0.01" * (D - 1) + ") || ']')::vector "
            "FROM generate_series(1, 3000) AS i"
        )
        grown = json.loads(tune("--check", "deployment", "--json", data=None, **host_of(server)).stdout)
        assert grown["rows"] == N + 3000
        assert grown["imbalance"] > 2 * told["imbalance"]
        assert {one["code"] for one in grown["note_details"]} >= {"KM338"}
        server.execute("REINDEX TABLE items")
        rebuilt = tune("--check", "deployment", "--json", data=None, **host_of(server))
        assert "KM337" in {one["code"] for one in json.loads(rebuilt.stdout)["note_details"]}
    finally:
        server.execute("DROP TABLE items")


def test_what_is_saved_for_lance_runs_and_is_checked(tune, folder):
    done = tune("--target", "lance[uri=.]", "--save", "deployment")
    assert done.returncode == 0, done.stderr
    served = subprocess.run([sys.executable, "lance.py"], cwd=folder / "deployment", capture_output=True, text=True)
    assert served.returncode == 0, served.stderr
    checked = tune("--check", "deployment", "--target", "lance[uri=deployment]", "--json", data=None)
    told = json.loads(checked.stdout)
    assert checked.returncode == 0, checked.stderr
    assert told["recall"] == told["recall_then"]
    assert [path.name for path in folder.glob("*.lance")] == []


def test_no_password_stands_in_what_is_printed_or_saved(tune, server, folder):
    dsn = f"{server.dsn} password=sesame"
    done = tune("--target", f"pgvector[dsn={dsn}]", "--save", "deployment")
    assert done.returncode == 0, done.stderr
    kept = [path.read_bytes() for path in (folder / "deployment").iterdir()]
    assert not any(b"sesame" in text or str(server.sockets).encode() in text for text in kept)
    assert "sesame" not in done.stdout + done.stderr


BAD = {
    "no server": (["--target", "pgvector[dsn=host=/nowhere password=sesame]"], "no connection to PostgreSQL"),
    "no such role": (["--target", "pgvector[dsn=host={host} user=nobody_here dbname=postgres]"], "nobody_here"),
    "no extension": (["--target", "pgvector[dsn=host={host} user=postgres dbname=bare]"], "CREATE EXTENSION vector"),
    "a DSN that is none": (["--target", "pgvector[dsn=sesame]"], "dsn= is not a connection string"),
    "codes in pgvector": (["--target", "pgvector", "--index", "sq8"], "use flat or fp16"),
    "a GPU": (["--target", "lance", "--device", "cuda"], "cannot be combined with --target lance"),
    "a uri of another kind": (["--target", "lance[uri=s3://bucket/items]"], "s3:// is not a local folder"),
    "no such folder": (["--target", "lance[uri=missing]"], "missing is not a folder"),
    "no Milvus": (["--target", "milvus[uri=postgresql://a]"], "neither a server nor a file of Milvus Lite"),
    "an unknown target": (["--target", "pgvectors"], "did you mean pgvector"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line_with_a_hint(tune, server, what):
    if what == "no extension":
        server.execute("CREATE DATABASE bare")
    arguments, said = BAD[what]
    try:
        done = tune(*(one.format(host=server.sockets) for one in arguments))
    finally:
        if what == "no extension":
            server.execute("DROP DATABASE bare")
    assert done.returncode == 2, done.stdout + done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("kmbench: ")
    assert said in last
    assert ";" in last
    assert "Traceback" not in done.stderr
    assert "sesame" not in done.stderr


def test_a_table_that_exists_is_refused_before_anything_is_trained(tune, server):
    server.execute("CREATE TABLE taken (id int)")
    try:
        done = tune("--target", "pgvector[table=taken]", **host_of(server))
    finally:
        server.execute("DROP TABLE taken")
    assert done.returncode == 2
    assert "the table taken exists" in done.stderr
    assert "nlist 32" not in done.stderr
