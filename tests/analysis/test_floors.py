"""The floor of a row on a GPU, against figures worked out by hand."""

import json

import pytest

from kmbench.analysis.cells import CellSummary
from kmbench.analysis.floors import Ceilings, floor_of_iteration, floor_rows
from kmbench.errors import OutputError
from kmbench.records import Status

# Round figures of the size of a card's: 67 and 494 TFLOP/s, 3 TB/s, 25 GB/s.
CARD = Ceilings(
    gpu="card",
    flops_per_second={"float32": 67e12, "tf32": 494e12},
    memory_bytes_per_second=3e12,
    bus_bytes_per_second=25e9,
)


@pytest.mark.parametrize(
    ("n", "d", "k", "precision", "milliseconds"),
    [  # 2 n k d / rate: 0.262144e12 / 67e12 = 3.9127 ms, and so on
        (10**6, 128, 1024, "float32", 3.9127),
        (10**6, 128, 1024, "3xtf32", 1.5920),
        (10**6, 128, 1024, "tf32", 0.53066),
        (10**7, 128, 8192, "float32", 313.01),
    ],
)
def test_large_k_is_bound_by_the_product(n, d, k, precision, milliseconds):
    floor = floor_of_iteration(n, d, k, precision, CARD)
    assert floor.bound == "compute"
    assert 1e3 * floor.seconds == pytest.approx(milliseconds, rel=1e-4)


def test_small_k_is_bound_by_reading_the_rows():
    # 1e6 * 128 * 4 bytes of rows, 1e6 * 4 of labels and 2 * 4 * 128 * 4 of centroids, at 3e12 per second.
    floor = floor_of_iteration(10**6, 128, 4, "float32", CARD)
    assert floor.bound == "memory"
    assert floor.seconds == pytest.approx((512e6 + 4e6 + 4096) / 3e12)


def test_rows_in_host_memory_are_bound_by_the_bus():
    floor = floor_of_iteration(10**6, 128, 1024, "float32", CARD, over_bus=True)
    assert floor.bound == "bus"
    assert 1e3 * floor.seconds == pytest.approx(20.48)  # 512 MB at 25 GB/s


def test_a_hundred_million_rows_from_the_host_take_a_second_for_each_iteration():
    floor = floor_of_iteration(10**8, 64, 1024, "float32", CARD, over_bus=True)
    assert floor.bound == "bus"
    assert floor.seconds == pytest.approx(1.024)  # 25.6 GB


def test_a_precision_that_was_not_measured_has_no_floor():
    assert floor_of_iteration(1000, 8, 4, "float16", CARD) is None


def row(label, seconds, residence=None, status=Status.OK, **own):
    settings = {} if residence is None else {"residence": residence}
    values = {
        "case_id": "c", "cell_id": label, "dataset": "blobs", "n": 10**6, "d": 128, "k": 1024, "threads": 8,
        "protocol": "matched", "iterations": 10, "seed": 0, "backend": label, "parameters": {}, "label": label,
        "backend_version": "1", "status": status, "reason": None, "fit_predict_seconds": seconds, "n_iter": 10,
        "settings": settings, "precision": "float32",
    }  # fmt: skip
    return CellSummary(**(values | own))


def test_rows_on_a_gpu_stand_beside_their_floor_and_the_best_cpu():
    rows = [
        row("resident", 0.086, "device"),
        row("shipped", 0.451, "host"),
        row("cpu", 2.0),
        row("slow-cpu", 3.0),
        row("torch-on-the-cpu", 1.5, "device", settings={"residence": "device", "device": "cpu"}),
        row("failed", None, "device", status=Status.OUT_OF_MEMORY),
    ]
    resident, shipped = floor_rows(rows, CARD)
    assert resident.floor_seconds == pytest.approx(11 * 3.9127e-3, rel=1e-4)  # ten iterations, and the labels
    assert resident.above_floor == pytest.approx(2.0, rel=1e-2)
    assert shipped.floor_seconds == pytest.approx(11 * 20.48e-3)
    assert (resident.best_cpu, resident.over_best_cpu) == ("torch-on-the-cpu", pytest.approx(1.5 / 0.086))


def test_a_case_without_a_cpu_row_has_no_such_ratio():
    (only,) = floor_rows([row("resident", 0.1, "device")], CARD)
    assert (only.best_cpu, only.over_best_cpu) == (None, None)


def test_ceilings_come_back_from_their_file(tmp_path):
    file = tmp_path / "ceilings.json"
    rates = {"float32": 67e12, "tf32": 494e12}
    whole = {"gpu": "card", "flops_per_second": rates, "memory_bytes_per_second": 3e12, "bus_bytes_per_second": 25e9}
    file.write_text(json.dumps(whole))
    assert Ceilings.from_file(file) == CARD
    for broken in ("{", "[]", json.dumps(whole | {"bus_bytes_per_second": 0}), json.dumps({"gpu": "card"})):
        file.write_text(broken)
        with pytest.raises(OutputError, match="ceilings.json cannot be read"):
            Ceilings.from_file(file)
