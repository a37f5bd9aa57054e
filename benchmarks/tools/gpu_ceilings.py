"""What this GPU reaches at best: matrix products by precision, device memory, the bus.

    python benchmarks/tools/gpu_ceilings.py FILE.json

Medians of ten, after a warm-up, the device synchronised before each reading of the clock. Put the file into a run
folder as ceilings.json, and its page shows how far each row is above its floor. Needs torch with CUDA.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from kmbench.backends.torch_kmeans.build import set_tf32, why_no_cuda

SIDE = 8192
"""Rows and columns of the square products."""

BUFFER_BYTES = 2**30

REPEATS = 10


def main(file):
    reason = why_no_cuda()
    if reason is not None:
        sys.exit(f"no ceilings: {reason}")
    import torch

    flops = {}
    for name, dtype in (("float32", torch.float32), ("tf32", torch.float32), ("float16", torch.float16)):
        set_tf32(torch, name == "tf32")
        a, b = (torch.randn(SIDE, SIDE, device="cuda", dtype=dtype) for _ in range(2))
        flops[name] = 2 * SIDE**3 / seconds(torch, lambda a=a, b=b: a @ b)
    set_tf32(torch, False)
    source = torch.empty(BUFFER_BYTES, device="cuda", dtype=torch.uint8).random_()
    target = torch.empty_like(source)
    host = torch.empty(BUFFER_BYTES, dtype=torch.uint8).random_()
    pinned = host.pin_memory()
    found = {
        "gpu": torch.cuda.get_device_name(),
        "flops_per_second": flops,
        "memory_bytes_per_second": 2 * BUFFER_BYTES / seconds(torch, lambda: target.copy_(source)),
        "bus_bytes_per_second": BUFFER_BYTES / seconds(torch, lambda: target.copy_(pinned)),
        "pageable_bus_bytes_per_second": BUFFER_BYTES / seconds(torch, lambda: target.copy_(host)),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
    Path(file).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def seconds(torch, call):
    """Return the median time of a call."""
    call()
    times = []
    for _ in range(REPEATS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
