"""The meter of device memory: with a stand-in for the driver, since NVML needs one."""

import pytest

from kmbench.instruments import DeviceMeter
from kmbench.instruments.device_memory import _SAMPLER_CODE, NVML

FAKE = """
import sys, types
readings = iter([100, 700, 300])
last = [0]
def used(device):
    last[0] = next(readings, 300)
    return types.SimpleNamespace(used=last[0])
pynvml = types.ModuleType("pynvml")
pynvml.nvmlInit = lambda: None
pynvml.nvmlDeviceGetCount = lambda: 1
pynvml.nvmlDeviceGetHandleByIndex = lambda i: i
pynvml.nvmlDeviceGetMemoryInfo = used
sys.modules["pynvml"] = pynvml
"""


def test_the_peak_counts_beyond_what_was_used_before():
    import time

    with DeviceMeter("nvml", sampler=FAKE + _SAMPLER_CODE) as meter:
        time.sleep(0.1)  # several readings of the process that samples
    assert meter.method == NVML
    assert meter.peak_bytes in (200, 600)  # 200 where it was ended before its second reading


def test_without_a_driver_there_is_no_figure_and_the_reason_is_told():
    broken = FAKE + "def no(): raise OSError('libnvidia-ml.so.1 not found')\npynvml.nvmlInit = no\n"
    with DeviceMeter("nvml", sampler=broken + _SAMPLER_CODE) as meter:
        pass
    assert meter.peak_bytes is None
    assert "libnvidia-ml.so.1 not found" in meter.method


def test_a_sampler_that_dies_is_told():
    with DeviceMeter("nvml", sampler="raise SystemExit(3)") as meter:
        pass
    assert meter.peak_bytes is None
    assert meter.method.startswith("none:")


@pytest.mark.gpu
def test_torchs_allocator_sees_a_tensor():
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'kmbench[torch]'")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    torch.empty(1, device="cuda")
    with DeviceMeter("torch") as meter:
        torch.empty(2**26, dtype=torch.uint8, device="cuda")
    assert 2**26 <= meter.peak_bytes < 2**26 + 2**22
