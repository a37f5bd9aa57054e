"""What the page tells of rows that ran on a GPU."""

import json

import pytest

from kmbench.analysis.run import read_run
from kmbench.report.page import render_page

CEILINGS = {
    "gpu": "H100",
    "flops_per_second": {"float32": 67e12, "tf32": 494e12},
    "memory_bytes_per_second": 3e12,
    "bus_bytes_per_second": 25e9,
}


@pytest.fixture
def folder(new_case, write, tmp_path):
    case = new_case(dataset="blobs", n=10**6, d=128, k=1024)
    own = {"precision": "float32", "device_peak_bytes": 2**30, "device_memory_method": "NVML"}
    case.cell("faiss-gpu-resident", 0.0861, noise=0.0, settings={"residence": "device", "device": "cuda"}, **own)
    case.cell("faiss-gpu", 0.9, noise=0.0, settings={"residence": "host"}, precision="float32")
    case.cell("faiss-cpu", 1.722, noise=0.0)
    case.cell("torch", 3.0, noise=0.0, settings={"residence": "device", "device": "cpu"}, precision="float32")
    made = write(tmp_path / "run", case)
    (made / "ceilings.json").write_text(json.dumps(CEILINGS))
    return made


def device_part(page):
    return page.split("On the GPU")[1].split("</section>")[0]


def test_gpu_rows_stand_beside_their_floors_and_the_best_cpu(folder):
    part = device_part(render_page(read_run(folder)))
    assert part.count('<tr class="ok">') == 2  # torch ran on the CPU
    assert "43.0 ms" in part  # 11 times 3.913 ms of float32 products
    assert "2.00x" in part  # 86.1 ms over that
    assert "20.0x<small>faiss-cpu" in part
    assert "compute" in part
    assert "bus" in part
    assert "1.00 GiB<small>NVML" in part
    assert "rates measured on H100" in part


def test_without_ceilings_the_page_says_how_to_measure_them(folder):
    (folder / "ceilings.json").unlink()
    part = device_part(render_page(read_run(folder)))
    assert "gpu_ceilings.py" in part
    assert "compute" not in part


def test_a_page_without_gpu_rows_has_no_such_table(mixed):
    assert "On the GPU" not in render_page(read_run(mixed))
