"""Columns of vectors in Parquet, Feather and Arrow files, each written by another library."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from dataset_files import rows_of
from embedding_files import X, message, write_stream

from kmbench.datasets import materialise, read_spec
from kmbench.errors import DataError


def nested_tables() -> dict[str, pa.Table]:
    rows = X.astype(float).tolist()
    tensor = pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.float32(), [6]), pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 6)
    )
    return {
        "half": pa.table({"v": pa.FixedSizeListArray.from_arrays(pa.array(X.astype(np.float16).ravel()), 6)}),
        "text": pa.table({"id": range(29), "v": [json.dumps(row) for row in rows]}),
        "large text": pa.table({"v": pa.array([str(row) for row in rows], pa.large_string())}),
        "large list": pa.table({"v": pa.array(rows, pa.large_list(pa.float32()))}),
        "struct": pa.table({"out": pa.array([{"model": "m", "v": row} for row in rows])}),
        "list of lists": pa.table({"v": [[row] for row in rows]}),
        "two by three": pa.table({"v": [[row[:3], row[3:]] for row in rows]}),
        "tensor": pa.table({"v": tensor}),
        "decimals": pa.table({"v": pa.array(np.rint(X * 100).astype(int).tolist(), pa.list_(pa.decimal128(9, 2)))}),
        "chunks": pa.concat_tables([pa.table({"v": rows[:3]}), pa.table({"v": rows[3:]})]),
    }


WRITE = {
    "x.parquet": lambda table, path: pq.write_table(table, path, row_group_size=10),
    "x.arrow": write_stream,
    "x.feather": lambda table, path: pa.feather.write_feather(table, path, compression="lz4", chunksize=5),
}


@pytest.mark.parametrize("name", WRITE)
@pytest.mark.parametrize("form", nested_tables())
def test_columns_of_vectors_in_every_arrow_form(tmp_path: Path, name: str, form: str) -> None:
    WRITE[name](nested_tables()[form], tmp_path / name)
    want = {"half": X.astype(np.float16), "decimals": np.rint(X * 100).astype(int)}.get(form, X)
    np.testing.assert_array_equal(rows_of(tmp_path / name), want.astype(np.float32))


def test_a_field_is_named_with_dots_and_a_wrong_name_lists_what_there_is(tmp_path: Path) -> None:
    table = pa.table({"a": [{"v": row.tolist(), "w": (row + 1).tolist()} for row in X], "b.c": (X + 2).tolist()})
    pq.write_table(table, tmp_path / "x.parquet")
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.parquet:key=a.w"), X + 1)
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.parquet:key=b.c"), X + 2)
    assert "its columns of vectors: a.v, a.w, b.c; choose one with :key=" in message(tmp_path / "x.parquet")
    assert "no column of vectors w; its columns of vectors: a.v, a.w, b.c" in message(f"{tmp_path}/x.parquet:key=w")


@pytest.mark.parametrize("name", ["x.parquet", "x.feather", "x.jsonl"])
def test_of_two_columns_of_lists_the_one_of_equal_lengths_is_taken_and_told(tmp_path: Path, name: str) -> None:
    columns = {"tokens": [[1] * (i % 4) for i in range(29)], "vector": X.astype(float).tolist(), "price": [1.5] * 29}
    if name == "x.jsonl":
        lines = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    else:
        WRITE[name](pa.table(columns), tmp_path / name)
    np.testing.assert_array_equal(rows_of(tmp_path / name), X)
    source = read_spec(str(tmp_path / name))
    assert [note.code for note in source.notes] == ["KM150", "KM151"]
    assert source.notes[0].concerns == ("vector",)
    assert "tokens" in source.notes[0].text
    assert source.notes[1].text.endswith("not used: price")


def test_ragged_lists_are_not_passed_over_for_the_numbers_beside_them(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, 2], "v": [[1.0, 2.0], [3.0]]}), tmp_path / "x.parquet")
    assert "v has 1 values at row 1, but 2 at row 0" in message(tmp_path / "x.parquet")


def test_the_first_misfit_is_named_however_late_it_comes(tmp_path: Path) -> None:
    rows = np.ones((40_000, 3)).tolist()
    for place, value, said in (
        (39_000, [1.0, 2.0], "v has 2 values at row 39000"),
        (38_001, [1.0, None, 1.0], "v[1]"),
    ):
        late = list(rows)
        late[place] = value
        for name in WRITE:
            WRITE[name](pa.table({"v": late}), tmp_path / name)
            text = message(tmp_path / name)
            assert said in text
            assert str(place) in text
    late = [f"[{i}, 1.5, 2]" for i in range(40_000)]
    late[39_999] = "[1, 2.5.1, 2]"
    pq.write_table(pa.table({"v": late}), tmp_path / "x.parquet")
    assert "holds '2.5.1' at row 39999, value 1 of its vector" in message(tmp_path / "x.parquet")
    lines = [json.dumps({"v": [0.5, i]}) for i in range(40_000)]
    lines[39_998] = '{"v": [0.5, "7"]}'
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    assert 'holds "7" at row 39998, v[1]' in message(tmp_path / "x.jsonl")
    with pytest.raises(DataError):
        materialise(str(tmp_path / "x.jsonl"), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_feather_of_version_1_and_torn_files(tmp_path: Path) -> None:
    (tmp_path / "x.feather").write_bytes(b"FEA1" + bytes(100))
    assert "version 1" in message(tmp_path / "x.feather")
    for name, write in WRITE.items():
        write(nested_tables()["text"], tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        assert "not a readable" in message(tmp_path / name)
