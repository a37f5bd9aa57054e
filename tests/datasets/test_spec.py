from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmbench.datasets import FILE_FORMATS, describe_sources, parse_spec
from kmbench.errors import DataError, SpecError


def message(text: str, error: type[Exception] = SpecError) -> str:
    with pytest.raises(error) as caught:
        parse_spec(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", 1000),
        ("1e5", 100_000),
        ("1E+2", 100),
        ("2.5e3", 2500),
        ("100_000", 100_000),
        ("100k", 100_000),
        ("100K", 100_000),
        ("1.5M", 1_500_000),
        ("1G", 10**9),
    ],
)
def test_whole_numbers_are_read_as_people_write_them(text: str, value: int) -> None:
    assert parse_spec(f"blobs:n={text}").arguments["n"] == value


@pytest.mark.parametrize("text", ["", "ten", "1.5", "1e-3", "0x10", "1e999", "1__0", "nan", "1m", "5 k"])
def test_what_is_no_whole_number_is_refused_by_name(text: str) -> None:
    assert f"n={text}" in message(f"blobs:n={text}")


def test_a_built_in_source_has_all_its_arguments() -> None:
    assert parse_spec("blobs:d=8").arguments == {
        "n": 100_000,
        "d": 8,
        "centers": 256,
        "seed": 0,
        "separation": 4.0,
        "offset": 0.0,
    }
    assert parse_spec("digits:").arguments == {}


def test_defaults_give_way_to_the_values_that_bound_them() -> None:
    assert parse_spec("blobs:n=100").arguments["centers"] == 100
    assert parse_spec("embeddings:d=4").arguments["rank"] == 4


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("blobs:n=0", ("n=0", "from 1")),
        ("blobs:d=0", ("d=0", "from 1")),
        ("blobs:n=-5", ("n=-5", "from 1")),
        ("blobs:seed=-1", ("seed=-1", "from 0")),
        ("blobs:n=10,centers=11", ("centers=11", "n=10")),
        ("embeddings:d=8,rank=9", ("rank=9", "d=8")),
        ("blobs:separation=nan", ("separation=nan", "from 0")),
        ("uniform:d=1e9", ("d=1e9", "65536")),
        ("digits:limit=0", ("limit=0", "from 1")),
        ("digits:dtype=int8", ("dtype=int8", "float16, float32, float64")),
        ("blobs:centres=3", ("centres", "did you mean centers?", "separation", "limit", "normalize")),
        ("digits:n=3", ("no parameter n", "limit")),
        ("x.npy:key=a", ("no parameter key", "limit")),
        ("x.npy:limt=3", ("did you mean limit?",)),
        ("digits:limit", ("limit needs a value",)),
        ("digits:normalize=1", ("normalize takes no value",)),
        ("digits:limit=1,limit=2", ("limit is given twice",)),
        ("digits:center,center", ("center is given twice",)),
        ("blbos:n=10", ("no data source blbos", "did you mean blobs?", "digits", ".fvecs")),
        ("", ("no data source", "digits")),
        ("data.doc", ("data.doc", ".npy", ".parquet")),
        ("some/file:limit=1", ("some/file", ".npy")),
        ("caf\udce9.npy", (r"'caf\udce9.npy' is not UTF-8", "rename the file")),
    ],
)
def test_errors_name_what_is_wrong_and_what_is_right(text: str, parts: tuple[str, ...]) -> None:
    said = message(text)
    for part in parts:
        assert part in said


def test_a_file_of_unknown_suffix_and_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    path.touch()
    assert ".npy" in message(f"{path}:limit=3")
    assert "is a folder" in message(str(tmp_path), DataError)


def test_a_path_may_hold_colons_commas_and_equal_signs(tmp_path: Path) -> None:
    path = tmp_path / "a:b,c=d.npy"
    assert parse_spec(str(path)).source == str(path)
    spec = parse_spec(f"{path}:center,limit=3")
    assert (spec.source, spec.options.limit, spec.options.steps) == (str(path), 3, ("center",))


def test_a_text_that_exists_as_a_file_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "x.npy:limit=3.npy"
    assert parse_spec(f"{tmp_path}/x.npy:limit=3").options.limit == 3
    path.touch()
    spec = parse_spec(str(path))
    assert (spec.source, spec.options.limit) == (str(path), None)


def test_home_is_expanded_and_suffixes_ignore_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    spec = parse_spec("~/X.NPY:normalize")
    assert (spec.source, spec.suffix) == ("/home/ada/X.NPY", ".npy")
    assert "home folder" in message("~nobody-of-this-name/x.npy", DataError)


def test_steps_keep_their_order() -> None:
    assert parse_spec("digits:center,normalize").options.steps == ("center", "normalize")
    assert parse_spec("digits:normalize,center").options.steps == ("normalize", "center")


def items(**values: st.SearchStrategy[object]) -> st.SearchStrategy[list[str]]:
    options = {
        "limit": st.integers(1, 10**9),
        "dtype": st.sampled_from(["float16", "float32", "float64"]),
        "normalize": st.none(),
        "center": st.none(),
    }
    written = st.fixed_dictionaries({}, optional=values | options)
    texts = written.map(lambda d: [k if v is None else f"{k}={v}" for k, v in d.items()])
    return texts.flatmap(st.permutations)


@given(
    items(
        n=st.integers(1000, 10**9),
        d=st.integers(1, 2000),
        seed=st.integers(0, 2**63 - 1),
        centers=st.integers(1, 1000),
        separation=st.floats(0, 1e6),
    )
)
def test_the_canonical_text_of_a_built_in_source_reads_as_the_same_spec(parts: list[str]) -> None:
    spec = parse_spec(":".join(["blobs", ",".join(parts)]))
    assert parse_spec(spec.canonical) == spec
    assert parse_spec(spec.canonical).canonical == spec.canonical


@given(st.text("ab./:,= é", max_size=12), st.sampled_from(sorted(FILE_FORMATS)), items())
def test_the_canonical_text_of_a_file_reads_as_the_same_spec(stem: str, suffix: str, parts: list[str]) -> None:
    spec = parse_spec(f"x{stem}x{suffix}:{','.join(parts)}")
    assert spec.source == f"x{stem}x{suffix}"
    assert parse_spec(spec.canonical) == spec


@given(st.text())
def test_any_text_is_a_spec_or_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(SpecError, DataError):
        assert parse_spec(text).text == text


def test_every_source_is_described_in_one_line() -> None:
    described = describe_sources()
    assert [name for name, _, _ in described][:7] == [
        "digits",
        "photo",
        "customers",
        "docstrings",
        "blobs",
        "uniform",
        "embeddings",
    ]
    for _, syntax, summary in described:
        assert syntax
        assert summary
        assert "\n" not in syntax + summary
        if "FILE" not in syntax:
            parse_spec(syntax)
