"""What measures: the clock, peak memory, thread control, and the host's description."""

from kmbench.instruments.cgroup import cpu_quota, memory_limit
from kmbench.instruments.clock import Timing, loops_for, timed
from kmbench.instruments.device_memory import DeviceMeter
from kmbench.instruments.host import describe_host, fingerprint, machine_name
from kmbench.instruments.memory import MemoryReading, measure_peak
from kmbench.instruments.pressure import Pressure, pressure_between, read_pressure
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
    "DeviceMeter",
    "KernelUsage",
    "MemoryReading",
    "Pressure",
    "TaskTime",
    "Timing",
    "count_busy",
    "cpu_quota",
    "default_threads",
    "describe_host",
    "fingerprint",
    "loops_for",
    "machine_name",
    "measure_peak",
    "memory_limit",
    "pools",
    "pressure_between",
    "read_pressure",
    "read_usage",
    "room_to_warm",
    "seconds_waited",
    "snapshot_tasks",
    "thread_environment",
    "timed",
    "warm_for_input",
    "warm_memory",
]
