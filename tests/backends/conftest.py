"""The contract's tests of backends that need a GPU are marked so, for `pytest -m gpu`."""

import pytest

from kmbench.backends.registry import backend_names, get_backend


def pytest_collection_modifyitems(items):
    on_gpu = {name for name in backend_names() if get_backend(name).traits.device == "gpu"}
    for item in items:
        if getattr(item, "callspec", None) is not None and item.callspec.params.get("name") in on_gpu:
            item.add_marker(pytest.mark.gpu)


@pytest.fixture(autouse=True, scope="module")
def no_cluster_outlives_its_tests():
    yield
    from kmbench.backends.dask_cluster import close_clusters

    close_clusters()
