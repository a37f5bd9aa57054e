"""What a user writes behind --target, and what is refused before anything is done."""

import os
import subprocess
import sys

import pytest

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.targets.refusals import refuse_kinds, refuse_nlists, refuse_options
from kmbench.tuning.targets.registry import get_target, read_target, target_names


@pytest.mark.parametrize(
    ("text", "dsn"),
    [
        ("pgvector[dsn=host=/tmp user=me;centroids=own;builds=3]", "host=/tmp user=me"),
        ("pgvector[dsn='postgresql://me@a,b/items?x=1;y=2', centroids=own, builds=3]", "postgresql://me@a,b/items?x=1;y=2"),
        ("pgvector[ builds=3; dsn=\"host=[::1] password='a b'\" ; centroids=own ]", "host=[::1] password='a b'"),
    ],
)  # fmt: skip
def test_a_dsn_is_read_quoted_or_not(text, dsn):
    params = read_target(text).params
    assert params.dsn.get_secret_value() == dsn
    assert (params.centroids, params.builds) == ("own", 3)


@pytest.mark.parametrize("text", ["pgvector", "pgvector[]", " pgvector "])
def test_without_options_there_is_no_dsn(text):
    assert read_target(text).params.dsn is None


def test_faiss_is_no_database():
    assert read_target("faiss") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pgvectr", "did you mean pgvector"),
        ("oracle", "known: faiss, lance, milvus, pgvector"),
        ("faiss[table=x]", "takes no options"),
        ("pgvector[tabel=x]", "did you mean table="),
        ("pgvector[dsn=host=a", "not closed"),
        ("pgvector[dsn='host=a]", "quotes of dsn= are not closed"),
        ("pgvector[dsn='host=a' b]", "after the quotes of dsn="),
        ("pgvector[table=]", "table= has no value"),
        ("pgvector[table=a;table=b]", "table= is given twice"),
        ("pgvector[table=a/b]", "table="),
        (f"pgvector[table={'ä' * 40}]", "longer than 63 bytes"),
        ("pgvector[builds=0]", "builds="),
        ("pgvector[builds=2]", "with kmbench's centroids all builds are identical"),
        ("pgvector[centroids=mine]", "centroids="),
        ("milvus[centroids=kmbench]", "cannot use given centroids"),
    ],
)
def test_what_cannot_be_read_is_one_line(text, said):
    with pytest.raises(TuneError) as caught:
        read_target(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "pgvector[dsn=postgresql://me:sesame;word@a/b]",
        "pgvector[dsn=host=a password=sesame,word=x]",
        "pgvector[dsn='host=a password=sesame]",
        "pgvector[dsn='host=a' password=sesame]",
        "pgvector[builds=0;dsn=password=sesame]",
    ],
)
def test_no_message_repeats_a_piece_of_a_dsn(text):
    with pytest.raises(TuneError) as caught:
        read_target(text)
    assert "sesame" not in str(caught.value)
    assert "word" not in str(caught.value).replace("password files", "")


def test_a_choice_shows_no_password():
    choice = read_target("pgvector[dsn=host=a password=sesame]")
    assert "sesame" not in f"{choice!r} {choice.params!r} {choice.params}"


@pytest.mark.parametrize(
    ("target", "kind", "d", "said"),
    [
        ("pgvector", Kind("sq8", "sq8"), 96, "use flat or fp16"),
        ("pgvector", Kind("fp16+refine", "fp16", refine=True), 96, "use flat or fp16"),
        ("pgvector", Kind("flat", "flat"), 2001, "use --index fp16"),
        ("pgvector", Kind("fp16", "fp16"), 4001, "reduce the dimension"),
        ("lance", Kind("sq4", "sq4"), 96, "use flat, sq8 or pqM"),
        ("milvus", Kind("pq8+refine", "pq", 8, True), 96, "use flat, sq8 or pqM"),
    ],
)
def test_kinds_that_a_target_lacks_are_refused(target, kind, d, said):
    with pytest.raises(TuneError, match="with --target") as caught:
        refuse_kinds(read_target(target), [kind], d)
    assert said in str(caught.value)


def test_more_lists_than_a_target_allows_are_refused_if_asked_for_and_else_left_out():
    with pytest.raises(TuneError, match=r"at most 32,768 lists"):
        refuse_nlists(read_target("pgvector"), [1024, 65_536], given=True)
    assert refuse_nlists(read_target("pgvector"), [1024, 65_536], given=False) == [1024]


def test_a_gpu_does_not_go_with_a_database():
    with pytest.raises(TuneError, match="--device cuda cannot be combined with --target lance"):
        refuse_options(read_target("lance"), {"device": "cuda"})


def test_targets_are_found_by_their_entry_points():
    assert target_names() == ["lance", "milvus", "pgvector"]
    assert [get_target(name).name for name in target_names()] == target_names()


DRIVERS = ("psycopg", "pgvector", "lance", "pymilvus", "milvus_lite")


def test_neither_the_command_nor_a_choice_of_a_target_imports_a_driver():
    code = (
        "import sys, kmbench.cli.main, kmbench.tuning.api, kmbench.tuning.report.page\n"
        "from kmbench.tuning.targets.registry import read_target\n"
        "[read_target(name) for name in ('pgvector', 'lance', 'milvus')]\n"
        f"sys.exit([name for name in {DRIVERS} if name in sys.modules] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
