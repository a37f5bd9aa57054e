"""What a database does silently wrong, or is kept from doing, is said in a line; and nothing stays behind."""

import threading

import numpy as np
import pytest
from tuning_problems import NLIST, D, N, left_in

from kmbench.errors import TuneError
from kmbench.tuning.targets.lance import Lance
from kmbench.tuning.targets.measure import measure_there
from kmbench.tuning.targets.pgvector.target import Pgvector
from kmbench.tuning.targets.registry import TargetChoice, read_target


def measured(choice, known, **more):
    return measure_there(choice, known.promise, known.problem, known.truth, known.asked(), turns=1, seed=0, **more)


class WrongLists(Pgvector):
    """Makes an index of half as many lists as it is asked for."""

    def _create_index(self, table, nlist):
        super()._create_index(table, nlist // 2)


class WrongPartitions(Lance):
    """Makes an index of fewer partitions than it is asked for."""

    def build(self, nlist, centroids=None):
        found = super().build(nlist // 2, None if centroids is None else centroids[: nlist // 2])
        self._nlist = nlist
        return found


class NoIndex(Pgvector):
    """Has its index dropped behind its back."""

    def read_back(self):
        lists = super().read_back()
        self._connection.execute(f"DROP INDEX {self._index_name()}")
        return lists


class NoLanceIndex(Lance):
    """Has its index dropped behind its back."""

    def read_back(self):
        lists = super().read_back()
        self._data.drop_index("lists")
        return lists


@pytest.mark.parametrize("centroids", ["own", "kmbench"])
def test_a_wrong_number_of_lists_is_caught(postgres, l2, centroids):
    choice = read_target(f"pgvector[dsn={postgres.dsn};centroids={centroids}]")
    with pytest.raises(TuneError, match="16 lists, not the 32"):
        measured(TargetChoice(WrongLists, choice.params), l2)
    assert postgres.schemas() == []


def test_a_wrong_number_of_partitions_is_caught(tmp_path, l2):
    choice = read_target(f"lance[uri={tmp_path}]")
    with pytest.raises(TuneError, match="16 partitions, not the 32"):
        measured(TargetChoice(WrongPartitions, choice.params), l2)
    assert left_in(tmp_path) == []


def test_a_plan_without_the_index_is_caught(postgres, l2):
    choice = read_target(f"pgvector[dsn={postgres.dsn}]")
    with pytest.raises(TuneError, match="without the index"):
        measured(TargetChoice(NoIndex, choice.params), l2)
    assert postgres.schemas() == []


def test_a_scan_without_the_index_is_caught_in_lance(tmp_path, l2):
    choice = read_target(f"lance[uri={tmp_path}]")
    with pytest.raises(TuneError, match="without the index"):
        measured(TargetChoice(NoLanceIndex, choice.params), l2)
    assert left_in(tmp_path) == []


def test_a_planner_that_would_leave_the_index_is_made_to_stay_and_it_is_said(postgres, l2):
    postgres.execute("ALTER ROLE postgres SET seq_page_cost = 0.0001")
    postgres.execute("ALTER ROLE postgres SET random_page_cost = 100")
    try:
        there = measured(read_target(f"pgvector[dsn={postgres.dsn}]"), l2)
    finally:
        postgres.execute("ALTER ROLE postgres RESET ALL")
    forced = [one for one in there.spots if not one.by_index]
    assert forced
    assert all(one.recall == pytest.approx(one.of_lists, abs=1e-12) for one in there.spots), (
        "not that of a whole scan"
    )
    assert "KM330" in {note.code for note in there.notes}
    if not there.chosen.by_index:
        assert "SET enable_seqscan = off;" in there.files["pgvector.sql"]


def test_rows_outside_the_index_are_refused_by_lance(tmp_path, l2):
    import lance

    with read_target(f"lance[uri={tmp_path}]").open(l2.task) as target:
        target.load(np.arange(N), l2.problem.raw, lambda share: None)
        target.build(NLIST, l2.centroids)
        rows = target._data.to_table().slice(0, 7)
        target._data = lance.write_dataset(rows, str(target._path), mode="append")
        with pytest.raises(TuneError, match="7 rows are not in the index"):
            target.read_back()


def test_centroids_that_are_alike_are_refused_by_pgvector(postgres, l2):
    centroids = l2.centroids.copy()
    centroids[5] = centroids[6]
    with read_target(f"pgvector[dsn={postgres.dsn}]").open(l2.task) as target:
        target.load(np.arange(N), l2.problem.raw, lambda share: None)
        with pytest.raises(TuneError, match="1 of 32 centroids are duplicates"):
            target.build(NLIST, centroids)


def test_a_killed_server_is_a_line(own_postgres, l2):
    choice = read_target(f"pgvector[dsn={own_postgres.dsn}]")

    def kill_at_search(what, share):
        if what.startswith("search"):
            own_postgres.kill()

    with pytest.raises(TuneError, match="connection was lost") as caught:
        measured(choice, l2, progress=kill_at_search)
    assert "\n" not in str(caught.value)


def test_a_connection_that_is_lost_in_the_middle_of_a_load_leaves_nothing(postgres, l2):
    ended = threading.Event()

    def cut(what, share):
        if what == "loading" and share > 0 and not ended.is_set():
            ended.set()
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kmbench'"
            )

    with pytest.raises(TuneError, match=r"loading 5,000 rows: the connection was lost"):
        measured(read_target(f"pgvector[dsn={postgres.dsn}]"), l2, progress=cut)
    assert ended.is_set()
    assert postgres.schemas() == []


@pytest.mark.parametrize("step", ["loading", "build", "search"])
def test_ctrl_c_leaves_nothing(place, l2, postgres, tmp_path, step):
    def interrupt(what, share):
        if what.startswith(step):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(place.choice(), l2, progress=interrupt)
    assert postgres.schemas() == []
    assert place.name == "pgvector" or left_in(tmp_path / "lance") == []


def test_a_table_of_the_user_is_neither_written_nor_dropped(postgres, l2):
    postgres.execute('CREATE TABLE "My items" (id int)')
    try:
        postgres.execute('INSERT INTO "My items" VALUES (7)')
        choice = read_target(f"pgvector[dsn={postgres.dsn};table='My items']")
        with pytest.raises(TuneError, match="the table My items exists"):
            measured(choice, l2)
        assert postgres.execute('SELECT id FROM "My items"') == [(7,)]
    finally:
        postgres.execute('DROP TABLE "My items"')


def test_a_kept_table_has_all_rows_its_index_and_a_name_quoted_by_the_driver(postgres, l2):
    name = 'x"; DROP TABLE users; --'
    choice = read_target(f"pgvector[dsn={postgres.dsn};table='{name}']")
    there = measured(choice, l2)
    quoted = '"' + name.replace('"', '""') + '"'
    try:
        assert there.table == name
        assert postgres.execute(f"SELECT count(*) FROM {quoted}") == [(N,)]
        ((defined,),) = postgres.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", name)
        assert "lists='32'" in defined
        assert postgres.schemas() == []
    finally:
        postgres.execute(f"DROP TABLE {quoted}")


def test_a_data_set_that_exists_is_refused(tmp_path, l2):
    (tmp_path / "items.lance").mkdir()
    with pytest.raises(TuneError, match=r"items\.lance exists"):
        measured(read_target(f"lance[uri={tmp_path};table=items]"), l2)
    assert left_in(tmp_path) == ["items.lance"]


def test_a_plain_user_has_its_recall_measured_where_the_lists_cannot_be_read(postgres, l2):
    postgres.execute("CREATE ROLE plain LOGIN")
    postgres.execute("GRANT CREATE ON DATABASE postgres TO plain")
    try:
        choice = read_target(f"pgvector[dsn={postgres.dsn.replace('user=postgres', 'user=plain')}]")
        there = measured(choice, l2)
        assert there.build.curve is None
        assert len(there.spots) >= 5
        # The centroids are kmbench's, so what is searched must be the promise all the same.
        assert there.chosen.recall == pytest.approx(l2.promise.curve.recall[there.chosen.nprobe - 1], abs=1e-12)
        assert "KM333" in {note.code for note in there.notes}
    finally:
        postgres.execute("DROP OWNED BY plain")
        postgres.execute("DROP ROLE plain")


def test_a_role_that_may_make_no_schema_is_told_so(postgres, l2):
    postgres.execute("CREATE ROLE guest LOGIN")
    try:
        choice = read_target(f"pgvector[dsn={postgres.dsn.replace('user=postgres', 'user=guest')}]")
        with pytest.raises(TuneError, match="permission denied"):
            measured(choice, l2)
    finally:
        postgres.execute("DROP ROLE guest")


def test_the_memory_that_is_set_is_what_pgvector_asks_for(postgres):
    """pgvector names the memory it needs when it has too little: the formula must lie at or just above it."""
    import re

    import psycopg

    from kmbench.tuning.targets.pgvector.memory import maintenance_mib

    n, nlist = 12_000, 1_500
    postgres.execute(f"CREATE TABLE sized (id bigint, embedding vector({D}))")
    try:
        postgres.execute(
            "INSERT INTO sized SELECT i, ('[' || concat_ws(',', i" + ", random()" * (D - 1) + ") || ']')::vector "
            f"FROM generate_series(1, {n}) AS i"
        )
        with psycopg.connect(postgres.dsn, autocommit=True) as connection:
            connection.execute("SET maintenance_work_mem = '16MB'")
            with pytest.raises(psycopg.errors.ProgramLimitExceeded) as caught:
                connection.execute(
                    f"CREATE INDEX ON sized USING ivfflat (embedding vector_l2_ops) WITH (lists = {nlist})"
                )
    finally:
        postgres.execute("DROP TABLE sized")
    needed = int(re.search(r"memory required is (\d+) MB", str(caught.value))[1])
    assert needed <= maintenance_mib(nlist, n, D) <= 1.3 * needed + 16
