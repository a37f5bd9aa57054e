"""What people hold becomes the same matrix, and what is no matrix is refused in a line that says what to do."""

import threading

import numpy as np
import pandas as pd
import pytest

import kmbench
from kmbench.datasets.held import matrix_of
from kmbench.errors import KmbenchError

X = np.arange(24, dtype=np.float32).reshape(8, 3)


def test_frames_and_tensors_are_the_array_they_were_made_from():
    torch = pytest.importorskip("torch", exc_type=ImportError)
    pl = pytest.importorskip("polars")
    held = [X, X.tolist(), pd.DataFrame(X), pl.DataFrame(X, schema=["a", "b", "c"]), torch.from_numpy(X),
            torch.from_numpy(X).to(torch.bfloat16), torch.from_numpy(X).requires_grad_()]  # fmt: skip
    for one in held:
        assert np.array_equal(matrix_of(one), X), type(one)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.arange(3.0), "has shape (3,); give an array of shape (n, d)"),
        (np.empty((0, 3)), "has shape (0, 3)"),
        (np.array([["a", "b"]]), "not numbers"),
        ([[1, 2], [3]], "is not a matrix"),
        (pd.DataFrame({"x": [1.0, 2.0], "region": ["north", "south"]}), "column 'region' holds"),
        (len, "is builtin_function_or_method, not data"),
    ],
)
def test_what_is_no_matrix_is_refused_by_run_in_a_line(data, said):
    with pytest.raises(KmbenchError, match=r"^[^\n]*$") as told:
        kmbench.run(data, k=2)
    assert said in str(told.value)


def test_run_asks_for_k_and_takes_data_once():
    with pytest.raises(KmbenchError, match="number of clusters is missing; give k="):
        kmbench.run(X)
    with pytest.raises(KmbenchError, match="data is given twice"):
        kmbench.run(X, data="digits", k=2)


def test_a_tensor_elsewhere_and_a_lazy_frame_are_refused_with_the_way_out():
    torch = pytest.importorskip("torch", exc_type=ImportError)
    pl = pytest.importorskip("polars")
    with pytest.raises(KmbenchError, match=r"tensor on meta; give X\.cpu\(\)"):
        matrix_of(torch.empty((3, 2), device="meta"), "X")
    with pytest.raises(KmbenchError, match=r"lazy.*frame\.collect\(\)"):
        kmbench.run(pl.DataFrame({"a": [1.0]}).lazy(), k=1)


def test_functions_that_cannot_travel_or_have_no_name_are_refused_before_anything_is_measured(tmp_path):
    lock = threading.Lock()
    with pytest.raises(KmbenchError, match=r"the function mine cannot be sent to another process: .*lock"):
        kmbench.compare_callables({"mine": lambda X, k, init: lock and init}, X, 2, output=tmp_path / "out")
    with pytest.raises(KmbenchError, match="'a b' is not a valid name for a function"):
        kmbench.compare_callables({"a b": len}, X, 2)
    with pytest.raises(KmbenchError, match="mine is int, not a function"):
        kmbench.compare_callables({"mine": 3}, X, 2)
    assert not (tmp_path / "out").exists()


def test_functions_are_rows_that_are_judged_and_a_failure_costs_only_its_own(tmp_path):
    def two_rows(X, k, init):
        return X[:k].astype("float64").tolist()

    def raises(X, k, init):
        raise RuntimeError("no luck")

    def returns_nothing(X, k, init):
        return None

    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, 4))
    results = kmbench.compare_callables(
        {"two": two_rows, "raises": raises, "nothing": returns_nothing}, rows, 2, backends="numpy-lloyd",
        baseline="numpy-lloyd", threads=1, repeats=1, output=tmp_path / "out",
    )  # fmt: skip
    cells = results.frame().set_index("label")
    assert cells["status"].to_dict() == {
        "two": "ok", "raises": "error", "nothing": "error", "numpy-lloyd": "ok",
    }  # fmt: skip
    assert "no luck" in cells.loc["raises", "reason"]
    assert "returned NoneType, not an array" in cells.loc["nothing", "reason"]
    # The judge's inertia is that of the function's own centroids, found here by brute force in float64.
    kept = rows.astype(np.float32).astype(np.float64)
    nearest = ((kept[:, None] - kept[None, :2]) ** 2).sum(2).min(axis=1)
    assert cells.loc["two", "inertia"] == pytest.approx(nearest.sum(), rel=1e-5)


def test_segments_of_new_rows_are_those_of_the_same_rows_and_strangers_are_refused():
    table = pd.DataFrame(
        {"age": [20.0, 21, 22, 60, 61, 63], "pays": ["card", "card", "cash", "cash", "cash", "card"]}
    )
    found = kmbench.segment(table, 2, seeds=2, threads=1)
    assert found.predict(table).tolist() == found.labels.tolist()
    new = pd.DataFrame({"pays": ["cheque", "card"], "age": [61.0, 21.0]})
    assert found.predict(new).tolist() == [found.labels[4], found.labels[1]]
    with pytest.raises(KmbenchError, match="no column 'pays'"):
        found.predict(new[["age"]])
    with pytest.raises(KmbenchError, match="lack values in age"):
        found.predict(new.assign(age=[np.nan, 21.0]))


def test_transform_gives_new_items_the_ids_that_they_have_in_the_training():
    items = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
    found = kmbench.semantic_ids(items, levels=2, codebook=4, iterations=3, threads=1, unique=True)
    assert np.array_equal(found.transform(pd.DataFrame(items[:20])), found.ids[:20, :2])
    with pytest.raises(KmbenchError):
        found.transform(items[:, :3])
