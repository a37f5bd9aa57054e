"""What measures: the clock, peak memory, thread control, and the host's description."""

from kmbench.instruments.cgroup import cpu_quota, memory_limit
from kmbench.instruments.clock import Timing, loops_for, timed
from kmbench.instruments.core_placement import PLACEMENTS, Placement, choose_cores
from kmbench.instruments.cross_core import cross_core_ratio
from kmbench.instruments.device_memory import DeviceMeter
from kmbench.instruments.host import describe_host, fingerprint, machine_name
from kmbench.instruments.memory import MemoryReading, measure_peak, peak_since, reset_peak, room_for_a_process
from kmbench.instruments.pressure import Pressure, pressure_between, read_pressure
from kmbench.instruments.process_tree import cpu_seconds_of, descendants, peaks_since, reset_peaks, resident_bytes
from kmbench.instruments.threads import (
    TaskTime,
    count_busy,
    default_threads,
    pools,
    seconds_waited,
    snapshot_tasks,
    thread_environment,
)
from kmbench.instruments.warmth import KernelUsage, read_usage, room_to_warm, warm_for_input, warm_memory

__all__ = [
    "PLACEMENTS",
    "DeviceMeter",
    "KernelUsage",
    "MemoryReading",
    "Placement",
    "Pressure",
    "TaskTime",
    "Timing",
    "choose_cores",
    "count_busy",
    "cpu_quota",
    "cpu_seconds_of",
    "cross_core_ratio",
    "default_threads",
    "descendants",
    "describe_host",
    "fingerprint",
    "loops_for",
    "machine_name",
    "measure_peak",
    "memory_limit",
    "peak_since",
    "peaks_since",
    "pools",
    "pressure_between",
    "read_pressure",
    "read_usage",
    "reset_peak",
    "reset_peaks",
    "resident_bytes",
    "room_for_a_process",
    "room_to_warm",
    "seconds_waited",
    "snapshot_tasks",
    "thread_environment",
    "timed",
    "warm_for_input",
    "warm_memory",
]
