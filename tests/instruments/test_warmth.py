"""Memory is touched and given back; what a call spends in the kernel is read exactly."""

import mmap

import numpy as np
import psutil
import pytest

from kmbench.instruments import KernelUsage, read_usage, room_to_warm, warm_memory

MEGABYTE = 1 << 20


def test_the_memory_is_touched_and_freed():
    before, used = psutil.Process().memory_info().rss, read_usage()
    assert warm_memory(200 * MEGABYTE, 1 << 40) == 200 * MEGABYTE
    faults = read_usage().since(used).page_faults
    assert faults >= 200 * MEGABYTE // (2 * MEGABYTE), "each page, be it small or huge, was asked for"
    assert psutil.Process().memory_info().rss - before < 20 * MEGABYTE


def test_no_more_is_taken_than_there_is_room_for_and_little_is_not_worth_it():
    assert warm_memory(200 * MEGABYTE, 8 * MEGABYTE) == 8 * MEGABYTE
    assert warm_memory(200 * MEGABYTE, 0) == 0
    assert warm_memory(1000, 1 << 40) == 0


def test_the_room_is_half_of_what_the_limit_leaves():
    held = psutil.Process().memory_info().rss
    assert room_to_warm(held + 100 * MEGABYTE) == pytest.approx(50 * MEGABYTE, abs=5 * MEGABYTE)
    assert room_to_warm(1) == 0
    assert room_to_warm(None) <= psutil.virtual_memory().total // 2


def test_page_faults_of_a_known_number_of_pages_are_counted():
    pages = 512
    with mmap.mmap(-1, pages * 4096) as memory:
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        view = np.frombuffer(memory, dtype=np.uint8)
        before = read_usage()
        view[::4096].sum()
        view = None
        found = read_usage().since(before)
    # Shared anonymous memory may be mapped around a fault, sixteen pages at a time.
    assert pages // 16 <= found.page_faults <= pages + 64
    assert found.system_seconds >= 0


def test_two_readings_give_what_lies_between():
    one, other = KernelUsage(system_seconds=1.5, page_faults=10), KernelUsage(system_seconds=1.75, page_faults=14)
    assert other.since(one) == KernelUsage(system_seconds=0.25, page_faults=4)
