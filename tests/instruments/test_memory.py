"""Known allocations are read right, in a process of their own."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kmbench.instruments import measure_peak, memory

MIB = 1 << 20
NEAR = 2 * MIB

needs_peak = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="no resettable peak on this system"
)


def in_fresh_process(code):
    """Run code that leaves readings in ``readings``, and return them."""
    script = "import json, dataclasses\nfrom kmbench.instruments import measure_peak\nMIB = 1 << 20\n"
    script += textwrap.dedent(code) + "\nprint(json.dumps([dataclasses.asdict(r) for r in readings]))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_peak
def test_what_a_call_returns_is_peak_and_retained():
    (reading,) = in_fresh_process("readings = [measure_peak(lambda: b'x' * (128 * MIB))]")
    assert reading["method"] == memory.VMHWM == "vmhwm"
    assert abs(reading["peak_extra_bytes"] - 128 * MIB) < NEAR
    assert abs(reading["retained_bytes"] - 128 * MIB) < NEAR


@needs_peak
def test_what_a_call_frees_is_peak_alone():
    (reading,) = in_fresh_process("readings = [measure_peak(lambda: len(b'x' * (64 * MIB)))]")
    assert abs(reading["peak_extra_bytes"] - 64 * MIB) < NEAR
    assert abs(reading["retained_bytes"]) < NEAR


@needs_peak
def test_an_earlier_peak_is_forgotten():
    (reading,) = in_fresh_process("""
        len(b"x" * (200 * MIB))
        readings = [measure_peak(lambda: len(b"x" * (64 * MIB)))]
    """)
    assert abs(reading["peak_extra_bytes"] - 64 * MIB) < NEAR


@needs_peak
def test_heap_that_the_allocator_kept_does_not_hide_the_next_peak():
    # After a few blocks of one size glibc keeps the next one: without a trim the later readings would be 0.
    readings = in_fresh_process("readings = [measure_peak(lambda: len(b'x' * (20 * MIB))) for _ in range(6)]")
    assert all(abs(reading["peak_extra_bytes"] - 20 * MIB) < NEAR for reading in readings)


@needs_peak
def test_native_code_that_holds_the_gil_is_seen():
    (reading,) = in_fresh_process("""
        import ctypes

        libc = ctypes.PyDLL(None)  # unlike CDLL, it keeps the GIL during the call
        libc.malloc.restype = ctypes.c_void_p
        libc.malloc.argtypes = [ctypes.c_size_t]
        libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
        libc.free.argtypes = [ctypes.c_void_p]

        def native():
            block = libc.malloc(64 * MIB)
            libc.memset(block, 1, 64 * MIB)
            libc.free(block)

        readings = [measure_peak(native)]
    """)
    assert abs(reading["peak_extra_bytes"] - 64 * MIB) < NEAR


@needs_peak
def test_memory_that_a_call_gives_back_is_negative():
    (reading,) = in_fresh_process("""
        held = [b"x" * (64 * MIB)]
        readings = [measure_peak(held.clear)]
    """)
    assert abs(reading["retained_bytes"] + 64 * MIB) < NEAR
    assert 0 <= reading["peak_extra_bytes"] < NEAR


def test_the_sampler_reads_what_a_call_keeps():
    (reading,) = in_fresh_process("readings = [measure_peak(lambda: b'x' * (64 * MIB), method='sampler')]")
    assert reading["method"] == memory.SAMPLER == "sampler, a lower bound"
    assert abs(reading["peak_extra_bytes"] - 64 * MIB) < NEAR
    assert abs(reading["retained_bytes"] - 64 * MIB) < NEAR


def test_without_a_resettable_peak_the_sampler_steps_in(tmp_path):
    (reading,) = in_fresh_process(f"""
        readings = [measure_peak(lambda: b"x" * (64 * MIB), root={str(tmp_path)!r})]
    """)
    assert reading["method"] == memory.SAMPLER
    assert abs(reading["retained_bytes"] - 64 * MIB) < NEAR


STATUS = "Name:\tpython\nVmHWM:\t  300000 kB\nVmRSS:\t  100000 kB\n"


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="no proc"),
        pytest.param({"proc/self/status": STATUS}, id="nothing to write to"),
        pytest.param({"proc/self/status": STATUS, "proc/self/clear_refs": ""}, id="a write without effect"),
        pytest.param({"proc/self/status": "Name: x\n", "proc/self/clear_refs": ""}, id="no figures"),
    ],
)
def test_a_peak_that_cannot_be_reset_is_not_taken_for_one(tree, files):
    root = tree(files)
    with pytest.raises(OSError, match=r"VmHWM|No such file"):
        measure_peak(lambda: None, method="vmhwm", root=root)
    assert measure_peak(lambda: None, root=root).method == memory.SAMPLER
    assert (root / "proc/self/clear_refs").exists() == ("proc/self/clear_refs" in files)


@pytest.mark.parametrize("method", ["auto", "sampler"])
def test_what_a_call_raises_comes_through(method):
    def fit():
        raise MemoryError("too much")

    with pytest.raises(MemoryError, match="too much"):
        measure_peak(fit, method=method)


def test_a_sampler_that_does_not_start_is_an_error(monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(OSError, match="ended early"):
        measure_peak(lambda: None, method="sampler")
