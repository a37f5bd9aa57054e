"""What the GPU backends ask of their libraries; with stand-ins for these, since the contract needs a GPU to run."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from kmbench.backends import cuvs_kmeans
from kmbench.backends.base import Job
from kmbench.backends.cuvs_kmeans import Cuvs
from kmbench.backends.faiss_gpu_index import GpuOptions, check_cuvs, flat_gpu_index
from kmbench.backends.faiss_gpu_resident import FaissGpuResident, FaissNearest
from kmbench.backends.faiss_kmeans import FaissGpu
from kmbench.backends.flash_kmeans_backend import FlashKmeans, _check_half
from kmbench.backends.registry import get_backend
from kmbench.backends.torch_kmeans.build import why_no_torch

GPU_ONLY = [FaissGpu, FaissGpuResident, Cuvs, FlashKmeans]
needs_torch = pytest.mark.skipif(why_no_torch() is not None, reason=str(why_no_torch()))


@pytest.mark.parametrize("backend", GPU_ONLY, ids=lambda b: b.name)
def test_without_a_gpu_each_says_why_and_what_to_install_and_does_not_run(backend):
    reason = backend.unavailable()
    if reason is None:
        pytest.skip("it can run here: pytest -m gpu")
    assert "pip install" in reason or "nvidia-smi" in reason or "CUDA" in reason
    X = np.zeros((4, 2), dtype=np.float32)
    work = Job(k=2, protocol="matched", iterations=1, seed=0, threads=1, init=X[:2])
    with pytest.raises(RuntimeError) as raised:
        backend(backend.Params()).prepare(X, work)
    assert str(raised.value) == reason


@pytest.mark.parametrize(
    ("backend", "params", "precision"),
    [
        (FaissGpu, {}, "float32"),
        (FaissGpu, {"precision": "float16"}, "float16"),
        (FaissGpuResident, {"precision": "float16"}, "float16"),
        (Cuvs, {}, "3xtf32"),
        (FlashKmeans, {}, "tf32"),
        (FlashKmeans, {"precision": "float16"}, "float16"),
    ],
)
def test_each_tells_its_precision(backend, params, precision):
    assert backend.arithmetic(backend.Params(**params)) == precision


@pytest.mark.parametrize("name", ["torch", "numpy-lloyd"])
def test_precision_is_a_parameter_where_it_can_be_chosen(name):
    cls = get_backend(name)
    given = {"torch": "tf32", "numpy-lloyd": "float64"}[name]
    assert cls.arithmetic(cls.Params(precision=given)) == given


@pytest.mark.parametrize(
    ("backend", "params"),
    [
        (FaissGpu, {"nredo": 2}),
        (FaissGpuResident, {"tol": 0.1}),
        (Cuvs, {"n_init": 2}),
        (FlashKmeans, {"max_iterations": 5}),
    ],
)
def test_a_matched_run_takes_device_options_but_no_other_work(backend, params):
    assert "native" in backend.unsupported_reason(4, 100, 3, "matched", backend.Params(**params))
    free = {"precision": "float16"} if "precision" in backend.Params.model_fields else {}
    assert backend.unsupported_reason(4, 100, 3, "matched", backend.Params(**free)) is None


class FakeFaiss:
    """As much of FAISS's GPU interface as the index asks for, remembering what it was given."""

    class GpuMultipleClonerOptions:
        useFloat16 = shard = None  # noqa: N815 - its name in FAISS
        use_cuvs = "untouched"

    class StandardGpuResources:
        temp = None

        def setTempMemory(self, nbytes):  # noqa: N802
            self.temp = nbytes

    @staticmethod
    def IndexFlatL2(d):  # noqa: N802
        return SimpleNamespace(d=d)

    @staticmethod
    def index_cpu_to_gpu_multiple_py(resources, index, co=None, gpus=None):
        return SimpleNamespace(resources=resources, index=index, options=co, gpus=gpus)

    @staticmethod
    def get_compile_options():
        return "OPTIMIZE GPU "


@pytest.mark.parametrize("use_cuvs", [False, True])
def test_the_index_says_whether_cuvs_searches_and_takes_memory_and_precision(use_cuvs):
    made = flat_gpu_index(FakeFaiss, 7, GpuOptions(precision="float16", use_cuvs=use_cuvs, temp_mib=3), 2)
    assert (made.options.useFloat16, made.options.use_cuvs, made.options.shard) == (True, use_cuvs, False)
    assert [resources.temp for resources in made.resources] == [3 * 2**20] * 2
    assert (made.gpus, made.index.d) == ([0, 1], 7)


def test_temporary_memory_is_faisss_own_unless_set():
    made = flat_gpu_index(FakeFaiss, 7, GpuOptions(), 1)
    assert [resources.temp for resources in made.resources] == [None]
    assert made.options.useFloat16 is False


def test_cuvs_in_a_faiss_without_it_is_refused():
    check_cuvs(FakeFaiss, False)
    with pytest.raises(RuntimeError, match="faiss-gpu-cuvs"):
        check_cuvs(FakeFaiss, True)


@needs_torch
@pytest.mark.parametrize("scale", [1.0, 1e6])
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_resident_search_gives_the_nearest_centre_at_any_scale(precision, scale):
    import torch

    def knn_gpu(resources, xq, xb, k, use_cuvs):
        assert (resources, k, use_cuvs) == ("resources", 1, True)
        assert xq.dtype == xb.dtype == (torch.float16 if precision == "float16" else torch.float32)
        assert torch.isfinite(xq).all()
        distances = torch.cdist(xq.double(), xb.double())
        return torch.topk(distances, k, largest=False)

    rng = np.random.default_rng(0)
    rows, centres = rng.normal(size=(200, 5)) * scale, rng.normal(size=(9, 5)) * scale
    nearest = FaissNearest(
        SimpleNamespace(knn_gpu=knn_gpu), "resources", GpuOptions(precision=precision, use_cuvs=True)
    )
    nearest.set_centres(torch.from_numpy(centres))
    expected = ((rows[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    agreement = (nearest(torch.from_numpy(rows).float()).numpy() == expected).mean()
    assert agreement == 1.0 if precision == "float32" else agreement > 0.98


def test_norms_beyond_float16_are_refused_with_the_mend():
    _check_half(np.full((3, 4), 100.0, dtype=np.float32))
    with pytest.raises(ValueError, match="scale the data down"):
        _check_half(np.full((3, 4), 200.0, dtype=np.float32))


def test_ivf_on_the_gpu_is_unavailable_with_the_reason_and_the_cpu_is_not_affected(monkeypatch):
    from kmbench.backends import faiss_ivf

    monkeypatch.setattr(faiss_ivf, "why_no_gpu", lambda: "no GPU")
    monkeypatch.setattr(faiss_ivf, "why_no_faiss", lambda: None)
    ivf = faiss_ivf.FaissIvf
    assert ivf.unavailable_with(ivf.Params(device="cuda")) == "no GPU"
    assert ivf.unavailable_with(ivf.Params()) is None
    with pytest.raises(RuntimeError, match="no GPU"):
        ivf(ivf.Params(device="cuda")).prepare(np.zeros((4, 2), dtype=np.float32), None)
    assert "2048" in ivf.unsupported_reason(
        10**5, 10**6, 8, "matched", ivf.Params(nlist=4096, nprobe=4096, device="cuda")
    )
    assert ivf.unsupported_reason(10**5, 10**6, 8, "matched", ivf.Params(nlist=4096, nprobe=4096)) is None


def test_ivf_on_the_gpu_fills_and_searches_the_copy_that_is_there(monkeypatch):
    faiss = pytest.importorskip("faiss", reason="faiss is not installed: pip install 'kmbench[cpu]'")
    from kmbench.backends import faiss_ivf

    moved = []

    def index_cpu_to_gpu(resources, device, index, options):
        assert (device, options.use_cuvs, index.ntotal) == (0, False, 0)
        moved.append(index)
        return index

    monkeypatch.setattr(faiss_ivf, "why_no_gpu", lambda: None)
    monkeypatch.setattr(faiss, "StandardGpuResources", FakeFaiss.StandardGpuResources, raising=False)
    monkeypatch.setattr(faiss, "GpuClonerOptions", FakeFaiss.GpuMultipleClonerOptions, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", index_cpu_to_gpu, raising=False)
    X = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    work = Job(k=12, protocol="matched", iterations=3, seed=0, threads=1, init=X[:12].copy())
    answers = []
    for device in ("cuda", "cpu"):
        backend = faiss_ivf.FaissIvf(faiss_ivf.FaissIvf.Params(nlist=4, nprobe=4, device=device))
        backend.prepare(X, work)
        backend.fit()
        answers.append(backend.result().centroids)
    assert len(moved) == 3
    np.testing.assert_array_equal(*answers)


@pytest.fixture
def fake_cuvs(monkeypatch):
    """As much of cuVS 26.06 as the backend asks for, with what surprises in it: plain tuples, one iteration more."""
    synced = []

    class DeviceArray:
        def __init__(self, array):
            self.array = (
                array.copy() if type(array) is np.ndarray else np.zeros_like(array)
            )  # it copies no other kind

        def copy_to_host(self):
            assert synced, "the stream was not waited for"
            return self.array

    class KMeansParams:
        def __init__(self, *, n_clusters, init_method="KMeansPlusPlus", max_iter=300, tol=1e-4, n_init=1):
            self.n_clusters, self.init_method, self.max_iter = n_clusters, init_method, max_iter
            self.tol, self.n_init, self.oversampling_factor = tol, n_init, 2.0

    def fit(params, X, centroids=None, sample_weights=None, resources=None):
        assert params.tol > 0
        synced.clear()
        centres = X.array[: params.n_clusters].copy() if centroids is None else centroids.array
        for _ in range(params.max_iter):
            labels = ((X.array[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
            centres = np.array([X.array[labels == c].mean(axis=0) for c in range(len(centres))], dtype=np.float32)
        return DeviceArray(centres), 3.5, params.max_iter + 1

    def predict(params, X, centroids, sample_weights=None, labels=None, normalize_weight=True, resources=None):
        synced.clear()
        found = ((X.array[:, None] - centroids.array[None]) ** 2).sum(axis=2).argmin(axis=1)
        return DeviceArray(found.astype(np.int32)), 3.5

    def module(name, **content):
        made = ModuleType(name)
        vars(made).update(content)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    kmeans = module("cuvs.cluster.kmeans", KMeansParams=KMeansParams, fit=fit, predict=predict)
    module("cuvs.cluster", kmeans=kmeans)
    module("cuvs.common", Resources=lambda: SimpleNamespace(sync=lambda: synced.append(True)))
    module("cuvs")
    module("pylibraft.common", device_ndarray=DeviceArray)
    module("pylibraft")
    monkeypatch.setattr(cuvs_kmeans, "_why_no_device", lambda: pytest.fail("a process was started to look for a GPU"))


@pytest.mark.parametrize("mapped", [False, True])
def test_cuvs_answers_with_the_iterations_that_were_run(fake_cuvs, tmp_path, mapped):
    from sklearn.cluster import KMeans

    X = np.random.default_rng(2).normal(size=(400, 3)).astype(np.float32)
    if mapped:
        np.save(tmp_path / "X.npy", X)
        X = np.load(tmp_path / "X.npy", mmap_mode="r")
    backend = Cuvs(Cuvs.Params())
    backend.prepare(X, Job(k=5, protocol="matched", iterations=4, seed=0, threads=1, init=X[:5].copy()))
    backend.fit()
    result = backend.result()
    expected = KMeans(5, init=X[:5], n_init=1, max_iter=4, tol=0).fit(X)
    np.testing.assert_allclose(result.centroids, expected.cluster_centers_, atol=1e-4)
    assert result.n_iter == 4
    assert result.reported_inertia == 3.5
    assert (backend.assign(X) == expected.labels_).mean() > 0.99
    assert backend.settings()["tol"] == 1e-30


def test_cuvs_without_a_gpu_tells_the_reason_and_not_its_own_failure(fake_cuvs, monkeypatch):
    def no_device():
        raise RuntimeError("cudaErrorNoDevice")

    monkeypatch.setattr(sys.modules["cuvs.common"], "Resources", no_device)
    monkeypatch.setattr(Cuvs, "unavailable", classmethod(lambda cls: "cuVS cannot use a GPU here"))
    X = np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(RuntimeError, match="^cuVS cannot use a GPU here$"):
        Cuvs(Cuvs.Params()).prepare(X, Job(k=2, protocol="matched", iterations=1, seed=0, threads=1, init=X[:2]))


@needs_torch
@pytest.mark.parametrize("on", [True, False])
def test_tf32_is_switched_by_the_new_name_and_by_the_old_one(on):
    import torch

    from kmbench.backends.torch_kmeans.build import set_tf32

    old = SimpleNamespace(backends=SimpleNamespace(cuda=SimpleNamespace(matmul=SimpleNamespace(allow_tf32=None))))
    set_tf32(old, on)
    assert old.backends.cuda.matmul.allow_tf32 is on

    class WarnsOfTheOldName:
        fp32_precision = "none"

        def __setattr__(self, name, value):
            assert name != "allow_tf32"
            super().__setattr__(name, value)

    new = SimpleNamespace(backends=SimpleNamespace(cuda=SimpleNamespace(matmul=WarnsOfTheOldName())))
    set_tf32(new, on)
    assert new.backends.cuda.matmul.fp32_precision == ("tf32" if on else "ieee")
    here = torch.backends.cuda.matmul
    if hasattr(here, "fp32_precision"):
        before = here.fp32_precision
        try:
            set_tf32(torch, on)
            assert here.fp32_precision == ("tf32" if on else "ieee")
        finally:
            here.fp32_precision = before


@pytest.mark.parametrize(
    ("d", "k", "rows"), [(128, 1024, 2**18), (128, 8192, 2**18), (768, 4096, 43690), (2, 16, 2**20)]
)
def test_blocks_for_faiss_are_bounded_by_their_copy_and_not_by_the_scores(d, k, rows):
    backend = FaissGpuResident(FaissGpuResident.Params())
    backend._X, backend._job = SimpleNamespace(shape=(10**7, d)), SimpleNamespace(k=k)
    assert backend._block_rows() == rows
    given = FaissGpuResident(FaissGpuResident.Params(block_rows=500))
    assert given._block_rows() == 500
