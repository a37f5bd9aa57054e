"""A worker whose memory runs out, on the host or on a GPU, ends with that status and not as an error."""

import pytest

from kmbench.records import Status
from kmbench.runner.channel import _describe


class OutOfMemoryError(RuntimeError):
    """As torch's."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.10 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError(
            "std::bad_alloc: out_of_memory: CUDA error (failed to allocate 800 bytes) at: cuda_resource.hpp"
        ),
        RuntimeError(
            "Error in virtual void* faiss::gpu::StandardGpuResourcesImpl::allocMemory(const AllocRequest&): "
            "Error: 'err == cudaSuccess' failed: StandardGpuResources: alloc fail type FlatData dev 0 space Device "
            "stream 0x0 size 40960000000 bytes (cudaMalloc error out of memory [2])"
        ),
    ],
)
def test_exhausted_memory_is_a_status_of_its_own(error):
    assert _describe(error)["status"] == Status.OUT_OF_MEMORY


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("out of resource: shared memory, Required: 262144, Hardware limit: 232448"),  # Triton
        RuntimeError("CUDA error: no kernel image is available for execution on the device"),
        ValueError("k=3"),
    ],
)
def test_other_failures_are_errors(error):
    found = _describe(error)
    assert found["status"] == Status.ERROR
    assert str(error) in found["reason"]
