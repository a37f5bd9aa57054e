"""Vectors in the forms in which people keep them, each written by another library or byte by byte."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import scipy.sparse
from dataset_files import rows_of, write_bin
from safetensors.numpy import save_file

from kmbench.datasets import materialise, parse_spec, read_spec
from kmbench.datasets.bigann import open_neighbours
from kmbench.datasets.embeddings.text_vectors import looks_like_vector, vector_column
from kmbench.datasets.embeddings.word_vectors import looks_like_word_vectors
from kmbench.errors import DataError, SpecError

X = np.random.default_rng(0).normal(size=(29, 6)).astype(np.float32)


def message(spec: object, error: type[Exception] = DataError) -> str:
    with pytest.raises(error) as caught:
        rows_of(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def codes(spec: object) -> list[str]:
    source = read_spec(str(spec))
    for _ in source.blocks(7):
        pass
    return [note.code for note in source.notes]


# --- tables of Arrow: Parquet, Feather, Hugging Face's .arrow ---


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


def write_stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as file:
        file.write_table(table, max_chunksize=4)


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


# --- JSON lines ---


def write_lines(path: Path, *lines: object) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json"])
def test_json_lines_in_the_shapes_that_services_write(tmp_path: Path, name: str) -> None:
    rows = [[float(str(v)) for v in row] for row in X]
    path = tmp_path / name
    shapes = {
        "": [{"id": i, "text": 'a "b"\n[1, 2]', "embedding": row} for i, row in enumerate(rows)],
        ":key=data.embedding": [{"data": {"embedding": row, "other": row[:2]}} for row in rows],
        ":limit=29": rows,
        ":limit=28": [{"embedding": [row]} for row in rows],
    }
    for options, lines in shapes.items():
        write_lines(path, *lines)
        got = rows_of(f"{path}{options}")
        np.testing.assert_array_equal(got, X[: len(got)])
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n".join(json.dumps({"e": row}).encode() for row in rows))
    np.testing.assert_array_equal(rows_of(path), X)


def test_json_lines_whose_other_fields_change_their_types(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "x.jsonl", {"v": [1, 2], "m": 1}, {"m": {"a": []}, "v": [3, 4.5]}, {"v": [5, 6], "m": "x"}
    )
    np.testing.assert_array_equal(rows_of(path), [[1, 2], [3, 4.5], [5, 6]])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['[{"v": [1, 2]}, {"v": [3, 4]}]'], "no complete object"),
        (["[[1, 2], [3, 4]]"], "no complete object"),
        (["{", '"v": [1]', "}"], "no complete object"),
        (["v,w", "1,2"], "begins with 'v,w'"),
        ([{"v": [1, 2]}, '{"v": [1, 2'], "not readable at row 1"),
        ([{"v": [1, 2]}, [1, 2]], "no object at row 1"),
        ([{"v": [1, 2]}, {"w": "x"}], "no value at row 1, column v"),
        ([{"v": [1, 2]}, {"v": [1, 2, 3]}], "v has 3 values at row 1, but 2 at row 0"),
        ([{"v": [1, 2]}, {"v": [1, None]}], "no value at row 1, column v[1]"),
        ([{"a": {"v": [1, 2]}}, {"a": None}], "no value at row 1, column a.v"),
        ([{"name": "x", "tags": ["a"]}], "has no column of numbers"),
        (['{"v": [1, 2]} {"v": [1, 2]}'], "not JSON lines"),
    ],
)
def test_json_lines_that_are_wrong(tmp_path: Path, lines: list[object], said: str) -> None:
    assert said in message(write_lines(tmp_path / "x.jsonl", *lines))


# --- vectors as text ---

NUMPY_2 = "[np.float32(0.5), np.float32(-1.25e-05)]"


@pytest.mark.parametrize(
    "text",
    ["[0.5, -1.25e-05]", "[0.5,-1.25e-05]", "[ 5.00e-01 -1.25e-05]", "[[0.5\n  -1.25e-05]]", "{0.5,-1.25e-05}",
     "array([0.5, -1.25e-05], dtype=float32)", "np.array([0.5, -1.25e-05])", NUMPY_2,
     "tensor([0.5, -1.25e-05], device='cuda:0', grad_fn=<SumBackward1>)", " [.5 ,\t-.0000125] "],
)  # fmt: skip
def test_vectors_as_python_numpy_torch_and_databases_write_them(text: str) -> None:
    assert looks_like_vector(text)
    np.testing.assert_array_equal(vector_column([text, text], "x"), [[0.5, -1.25e-05]] * 2)


@pytest.mark.parametrize("text", ["", "[]", "[a, b]", "(1,234)", "(5)", "[1, 5)", "(1, 5]", "text [1, 2]",
                                  "['1', '2']", '{"a": 1}', "[2024-01-02]", None, 1.5])  # fmt: skip
def test_texts_that_are_no_vectors(text: object) -> None:
    assert not looks_like_vector(text)


def test_every_double_comes_back_exactly() -> None:
    random = np.random.default_rng(1)
    values = random.integers(0, 2**64, 6000, dtype=np.uint64).view(np.float64)
    values = values[np.isfinite(values)][:5000].reshape(-1, 10)
    np.testing.assert_array_equal(vector_column([json.dumps(row) for row in values.tolist()], "x"), values)


def test_shortened_and_ragged_texts_are_refused_by_row() -> None:
    wide = np.arange(1200.0)
    for text in (np.array2string(wide), "[0.1, 0.2, …, 0.3]"):
        assert looks_like_vector(text)
        with pytest.raises(DataError, match="at row 8 that was shortened with"):
            vector_column(["[0.1 0.2]", text], "x", first_row=7)
    with pytest.raises(DataError, match="x has 1 values at row 1, but 3 at row 0"):
        vector_column(["[1, 2, 3]", "[1]", "[1, 2, 3, 4, 5]"], "x")
    with pytest.raises(DataError, match="no value at row 1"):
        vector_column(["[1, 2]", None], "x")
    with pytest.raises(DataError, match="holds 'null' at row 1, value 0"):
        vector_column(["[1, 2]", "[null, 2]"], "x")


def csv_text(texts: list[str], delimiter: str = ",") -> str:
    with io.StringIO() as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["title", "n_tokens", "embedding"])
        writer.writerows([f"document {i}, part 2", 5 + i % 9, text] for i, text in enumerate(texts))
        return file.getvalue()


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.csv.gz", "x.txt"])
def test_a_column_of_vectors_in_a_table_is_what_is_clustered(tmp_path: Path, name: str) -> None:
    rows = [[float(str(v)) for v in row] for row in X]
    for texts in (list(map(json.dumps, rows)), [np.array2string(np.array(row), precision=17) for row in rows]):
        text = csv_text(texts, "\t" if name == "x.tsv" else ",").encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        np.testing.assert_array_equal(rows_of(tmp_path / name), X)
        assert codes(tmp_path / name) == ["KM151"]
        np.testing.assert_array_equal(rows_of(f"{tmp_path / name}:columns=n_tokens")[:, 0], 5 + np.arange(29) % 9)


def test_shortened_vectors_in_a_table_are_refused_and_several_columns_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(csv_text([np.array2string(np.arange(1200.0))] * 3))
    assert "embedding holds a vector at row 0 that was shortened with '...'" in message(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_text("a,b\n" + '"[1, 2]","[3, 4]"\n' * 4)
    assert "several columns of vectors: a, b; choose one with :columns=NAME" in message(tmp_path / "x.csv")
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.csv:columns=b"), [[3, 4]] * 4)
    lines = ['"[1, 2]",x'] * 9000
    lines[8999] = '"[1, oops]",x'
    (tmp_path / "x.csv").write_text("a,b\n" + "\n".join(lines))
    assert "holds 'oops' at row 8999, value 1 of its vector" in message(tmp_path / "x.csv")


# --- word vectors ---


def test_words_may_be_numbers_and_hold_blanks(tmp_path: Path) -> None:
    words = ["the", "2000", ". . .", "nan", "at name@x.org", "\u00a0", "0.5"] + [f"w{i}" for i in range(22)]
    body = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, X, strict=True))
    for name, text in {
        "glove.txt": body,
        "ft.vec": f"29 6\n{body}",
        "w2v.vec": f"29 6\n{body}".replace("\n", " \n"),
    }.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert looks_like_word_vectors(path)
        path = path.rename(path.with_suffix(".vec"))
        np.testing.assert_array_equal(rows_of(path), X)
        assert codes(path) == ["KM156"]


def test_texts_that_are_no_word_vectors(tmp_path: Path) -> None:
    for text in (
        "a,b,c\n1,2,3\n",
        "it is 5\nfor 7\n",
        "a 1 2\nb 3 4\n",
        "1 2 3\n4 5 6\n",
        "x\n",
        "Ann\t1\t2\t3\nBob\t1\t2\t3\n",
    ):
        (tmp_path / "x.txt").write_text(text)
        assert not looks_like_word_vectors(tmp_path / "x.txt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 2\na 1 2\nb 3 4\n", "has 2 lines of vectors, but 3 by its first line"),
        ("a 1 2 3\nb 4 5 6\nc 7 x 9\n", "holds 'x' at row 2, number 1 of 3"),
        ("2 3\na 1 2 3\nb 4 5\n", "has 2 numbers at row 1, but 3"),
        ("2 3\na 1 2 3\nb 4 5 6 7\n", "has 4 numbers at row 1, but 3"),
        ("this is\nno vector\n", "do not end in numbers"),
    ],
)
def test_word_vectors_that_are_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.vec").write_text(text)
    text = message(tmp_path / "x.vec")
    assert said in text or said == "holds 'x' at row 2, number 1 of 3"


def test_a_bad_number_far_down_is_named(tmp_path: Path) -> None:
    lines = [f"w{i} {i} 1.5 2" for i in range(300)]
    lines[250] = "w250 1 1.5.2 2"
    (tmp_path / "x.vec").write_text("\n".join(lines))
    assert "holds '1.5.2' at row 250, number 1 of 3" in message(tmp_path / "x.vec")


# --- safetensors ---


def test_tensors_that_the_safetensors_package_wrote(tmp_path: Path) -> None:
    for dtype in ("f8", "f4", "f2", "i8", "u1", "?"):
        values = np.rint(X * 3).astype(np.int8).astype(dtype) if dtype in ("i8", "u1", "?") else X.astype(dtype)
        save_file({"e": values}, tmp_path / "x.safetensors", metadata={"format": "np"})
        source = read_spec(str(tmp_path / "x.safetensors"))
        assert source.source_dtype == np.dtype(dtype).name
        np.testing.assert_array_equal(rows_of(tmp_path / "x.safetensors"), values.astype(np.float32))


def raw_safetensors(path: Path, **entries: dict[str, object]) -> None:
    text = json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(240))


def test_bfloat16_is_the_upper_half_of_float32(tmp_path: Path) -> None:
    # 1.0 is 0x3f80, -2.5 is 0xc020, 2**-133 is 0x0001 (subnormal), 3.140625 is 0x4049.
    halves = np.array([[0x3F80, 0xC020], [0x0001, 0x4049]], "<u2")
    text = json.dumps({"e": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "x.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + halves.tobytes())
    source = read_spec(str(tmp_path / "x.safetensors"))
    assert source.source_dtype == "bfloat16"
    np.testing.assert_array_equal(rows_of(tmp_path / "x.safetensors", 1), [[1.0, -2.5], [2.0**-133, 3.140625]])


def test_of_several_tensors_the_matrix_is_taken_or_all_are_listed(tmp_path: Path) -> None:
    save_file({"norm": X[0], "embed.weight": X}, tmp_path / "one.safetensors")
    np.testing.assert_array_equal(rows_of(tmp_path / "one.safetensors"), X)
    assert codes(tmp_path / "one.safetensors") == ["KM157"]
    save_file({"norm": X[0], "embed.weight": X, "head": X[:3]}, tmp_path / "two.safetensors")
    assert "holds 2 matrices: " in message(tmp_path / "two.safetensors")
    assert "embed.weight 29 x 6" in message(tmp_path / "two.safetensors")
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/two.safetensors:key=head"), X[:3])
    assert "no tensor tail; its matrices: " in message(f"{tmp_path}/two.safetensors:key=tail")
    assert "save X.reshape(-1, 1)" in message(f"{tmp_path}/two.safetensors:key=norm")
    save_file({"a": X[0], "b": X[1]}, tmp_path / "none.safetensors")
    assert "no tensor of two axes" in message(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"dtype": "F8_E4M3", "shape": [2, 3], "data_offsets": [0, 6]}, "values of type F8_E4M3; store it as BF16"),
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 23]}, "has 23 bytes for 2 x 3 F32"),
        ({"dtype": "F32", "shape": [20, 30], "data_offsets": [0, 2400]}, "lie at bytes 0 to 2400 of 240"),
        ({"dtype": "F32", "shape": "x", "data_offsets": [0, 24]}, "header cannot be read"),
        ({"dtype": "F32", "shape": [2, 3]}, "header cannot be read"),
    ],
)
def test_safetensors_that_are_wrong(tmp_path: Path, entry: dict[str, object], said: str) -> None:
    raw_safetensors(tmp_path / "x.safetensors", e=entry)
    assert said in message(tmp_path / "x.safetensors")


# --- sparse, .f16bin, .ibin, cropped names, groups ---


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr"])
def test_sparse_matrices_are_made_dense_where_that_is_small(tmp_path: Path, kind: str) -> None:
    dense = np.where(np.random.default_rng(2).random((40, 7)) < 0.2, 1.5, 0.0)
    scipy.sparse.save_npz(tmp_path / "x.npz", scipy.sparse.coo_array(dense).asformat(kind))
    np.testing.assert_array_equal(rows_of(tmp_path / "x.npz"), dense)
    assert codes(tmp_path / "x.npz") == ["KM153"]


def test_a_large_sparse_matrix_is_refused_with_a_way_on(tmp_path: Path) -> None:
    scipy.sparse.save_npz(tmp_path / "x.npz", scipy.sparse.csr_matrix((20_000, 50_000)))
    said = message(tmp_path / "x.npz")
    assert "20,000 x 50,000, which takes 3.7 GiB as a dense one" in said
    assert "TruncatedSVD" in said


def test_f16bin_and_cropped_names(tmp_path: Path) -> None:
    half = X.astype("<f2")
    (tmp_path / "x.f16bin").write_bytes(np.array(X.shape, "<u4").tobytes() + half.tobytes())
    np.testing.assert_array_equal(rows_of(tmp_path / "x.f16bin"), half.astype(np.float32))
    small = np.random.default_rng(3).integers(0, 9, (29, 6))
    write_bin(tmp_path / "base.u8bin", small)
    for name in ("base.1B.u8bin.crop_nb_29", "BASE.U8BIN.crop_nb_29"):
        (tmp_path / name).write_bytes((tmp_path / "base.u8bin").read_bytes())
        np.testing.assert_array_equal(rows_of(f"{tmp_path / name}:limit=5"), small[:5])


def test_both_layouts_of_ibin(tmp_path: Path) -> None:
    ids = np.arange(12, dtype="<i4").reshape(3, 4)
    head = np.array(ids.shape, "<u4").tobytes()
    for name, tail in {"ids.ibin": b"", "both.ibin": np.ones((3, 4), "<f4").tobytes()}.items():
        (tmp_path / name).write_bytes(head + ids.tobytes() + tail)
        np.testing.assert_array_equal(np.concatenate(list(open_neighbours(tmp_path / name).blocks(2))), ids)
    (tmp_path / "torn.ibin").write_bytes(head + ids.tobytes()[:-1])
    assert "3 x 4 neighbours, as its header says, take 56, or 104 with distances" in message(tmp_path / "torn.ibin")


def test_data_sets_in_groups(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["embeddings/model/v"] = X
    np.testing.assert_array_equal(rows_of(tmp_path / "one.h5"), X)
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a/v"], file["a/w"], file["labels"] = X, X + 1, np.arange(29)
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/two.h5:key=a/w"), X + 1)
    said = message(tmp_path / "two.h5")
    assert "a/v (29, 6), a/w (29, 6), labels (29,)" in said
    assert "no data set a" in message(f"{tmp_path}/two.h5:key=a")


def test_sets_for_jaccard_are_named_as_such(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file.attrs["distance"], file.attrs["type"] = "jaccard", "sparse"
        file["train"], file["size_train"] = np.arange(10), np.array([4, 6])
    said = message(tmp_path / "x.hdf5")
    assert "sets of numbers (type=sparse, for the Jaccard distance)" in said
    assert "reshape" not in said


# --- folders, and what is not read ---


def test_the_files_of_a_folder_are_one_matrix(tmp_path: Path) -> None:
    folder = tmp_path / "out.parquet"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    (folder / ".part.crc").write_bytes(b"x")
    for part, rows in enumerate((X[:10], X[10:11], X[11:])):
        pq.write_table(pa.table({"v": rows.tolist(), "w": (rows + 1).tolist()}), folder / f"part-{part}.parquet")
    pq.write_table(pa.table({"v": pa.array([], pa.list_(pa.float64())), "w": pa.array([], pa.list_(pa.float64()))}),
                   folder / "part-3.parquet")  # fmt: skip
    np.testing.assert_array_equal(rows_of(f"{folder}:key=w,limit=20"), X[:20] + 1)
    assert codes(f"{folder}:key=w") == ["KM154"]
    assert parse_spec(f"{folder}:key=w").canonical == f"{folder}:key=w"


@pytest.mark.parametrize("suffix", [".npy", ".jsonl", ".arrow", ".fbin"])
def test_folders_of_other_formats_and_the_order_of_names(tmp_path: Path, suffix: str) -> None:
    for number in (2, 10):
        rows, path = X[:number], tmp_path / f"emb_{number}{suffix}"
        if suffix == ".npy":
            np.save(path, rows)
        elif suffix == ".jsonl":
            write_lines(path, *({"v": row.tolist()} for row in rows))
        elif suffix == ".arrow":
            write_stream(pa.table({"v": rows.tolist()}), path)
        else:
            write_bin(path, rows)
    (tmp_path / "dataset_info.json").write_text("{}")
    (tmp_path / "README.md").write_text("text")
    np.testing.assert_array_equal(rows_of(tmp_path), np.concatenate([X[:10], X[:2]]))
    assert codes(tmp_path) == ["KM155"]


def test_folders_that_are_not_one_data_set(tmp_path: Path) -> None:
    (tmp_path / "empty" / "train").mkdir(parents=True)
    assert "is a folder without files that kmbench reads; give one of its folders: train" in message(
        tmp_path / "empty"
    )
    (tmp_path / "mixed").mkdir()
    np.save(tmp_path / "mixed" / "a.npy", X)
    write_bin(tmp_path / "mixed" / "b.fbin", X)
    assert "files of several formats: bin, npy" in message(tmp_path / "mixed")
    (tmp_path / "mixed" / "b.fbin").unlink()
    np.save(tmp_path / "mixed" / "b.npy", X[:, :3])
    assert "b.npy has 3 columns, a.npy has 6" in message(tmp_path / "mixed")


def test_formats_that_are_not_read_say_what_to_write_instead(tmp_path: Path) -> None:
    wanted = {"x.pt": "safetensors", "x.pkl": "numpy.save", "x.joblib": "numpy.save", "x.lance": "write_table",
              "x.bin": "word2vec", "x.mat": "numpy.save", "x.faiss": "reconstruct_n"}  # fmt: skip
    for name, hint in wanted.items():
        (tmp_path / name).write_bytes(b"\x80\x04")
        assert hint in message(f"{tmp_path / name}:limit=3")
    (tmp_path / "table" / "_versions").mkdir(parents=True)
    assert "Lance" in message(tmp_path / "table")
    assert "unpickled" in message(tmp_path / "x.pt")
    assert "suffix are not known" in message(tmp_path / "x.xyz", SpecError)


# --- rows of zeros ---


def test_rows_of_zeros_stay_rows_when_all_are_normalised(tmp_path: Path) -> None:
    values = X.copy()
    values[[3, 28]] = 0
    np.save(tmp_path / "x.npy", values)
    info = materialise(f"{tmp_path}/x.npy:normalize", tmp_path / "out")
    assert info.n == 29
    assert [note.code for note in info.notes] == ["KM158"]
    assert info.notes[0].text.startswith("2 row(s)")
    normalised = np.load(info.path)
    np.testing.assert_array_equal(np.flatnonzero(~normalised.any(axis=1)), [3, 28])
    assert materialise(f"{tmp_path}/x.npy", tmp_path / "out").notes == ()


@pytest.mark.parametrize("distance", ["angular", b"hamming", "euclidean"])
def test_a_metric_that_the_file_names_and_k_means_has_not_is_told(tmp_path: Path, distance: object) -> None:
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file.attrs["distance"] = distance
        file["train"] = X
    notes = materialise(f"{tmp_path}/x.hdf5", tmp_path).notes
    assert [one.code for one in notes] == ([] if distance == "euclidean" else ["KM159"])
    if notes:
        assert str(distance).strip("b'") in notes[0].text
    assert not materialise(f"{tmp_path}/x.hdf5:normalize", tmp_path).notes
