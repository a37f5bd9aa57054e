"""The scores of the built-in workloads against scikit-image, scikit-learn, FAISS and plain NumPy."""

import io
import json

import faiss
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image
from sklearn.metrics import adjusted_rand_score

from kmbench.datasets import materialise
from kmbench.datasets.customers import customer_table
from kmbench.errors import WorkloadError
from kmbench.workloads import Answer, Clusters, Task, workload_from


def fitted(X, k):
    found = KMeans(k, n_init=1, max_iter=20, random_state=0).fit(X)
    return Clusters(found.cluster_centers_.astype(np.float32), found.labels_.astype(np.int32))


def prepared(label, spec, k, tmp_path):
    """The workload, and its task on the matrix that it makes."""
    workload = workload_from(label)
    info = materialise(spec, tmp_path, workload.rows(spec))
    return workload, Task(spec=spec, X=np.load(info.path), k=k, seed=0, threads=1)


def single(workload, task):
    found = fitted(task.X, task.k)
    return Answer({"centroids": found.centroids, "labels": found.labels})


def test_palette_compares_the_picture_that_one_would_see(tmp_path):
    workload, task = prepared("palette[space=rgb]", "photo:name=flower", 5, tmp_path)
    original = load_sample_image("flower.jpg")
    assert np.array_equal(task.X, original.reshape(-1, 3))
    answer = single(workload, task)
    result = workload.score(task, answer)
    seen = np.rint(answer.centroids).astype(np.uint8)[answer.labels].reshape(original.shape)
    assert result.figures["psnr_db"] == pytest.approx(peak_signal_noise_ratio(original, seen))
    assert result.figures["colours"] == 5
    shown = np.asarray(Image.open(io.BytesIO(result.artefacts["picture.png"])).convert("RGB"))
    assert np.array_equal(shown, seen)
    swatch = json.loads(result.artefacts["palette.json"])
    assert len(swatch["colours"]) == 5
    assert sum(swatch["shares"]) == pytest.approx(1)
    assert list(workload.common(task)) == ["original.jpg"]


@pytest.mark.parametrize(
    ("label", "spec", "words"),
    [
        ("palette", "digits", "needs a picture, not digits"),
        ("palette", "photo:limit=10", "takes whole pictures"),
        ("segments", "digits", "needs a table, not digits"),
        ("segments", "customers:center", "standardises the columns itself"),
        ("ivf[queries=5000]", "digits", "queries=5000 is too many for the 1797 rows"),
        ("codebooks[m=65]", "digits", "m=65 subspaces, but only 64 columns"),
    ],
)
def test_data_that_cannot_serve_is_refused_by_name(label, spec, words):
    with pytest.raises(WorkloadError, match=words):
        workload_from(label).rows(spec)


def test_segments_are_held_against_the_truth(tmp_path):
    workload, task = prepared("segments", "customers:n=600,seed=3", 5, tmp_path)
    answer = single(workload, task)
    truth = customer_table(600, 3).segment
    result = workload.score(task, answer)
    assert result.figures["ari_truth"] == pytest.approx(adjusted_rand_score(truth, answer.labels))
    table = json.loads(result.artefacts["profiles.json"])
    assert [row[1] for row in table["rows"]] == [*sorted(np.bincount(answer.labels).tolist(), reverse=True), 600]


def test_segments_of_a_file_know_the_truth_by_a_column(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,kind\n" + "".join(f"{value},{'xy'[value > 50]}\n" for value in (1, 2, 3, 97, 98, 99)))
    workload, task = prepared("segments[truth=kind]", str(path), 2, tmp_path)
    assert task.X.shape == (6, 1)
    assert workload.score(task, single(workload, task)).figures["ari_truth"] == 1.0


EMBEDDED = "embeddings:n=2600,d=16,rank=8,centers=40"


def test_codebooks_find_what_faiss_finds_with_the_same_codes(tmp_path):
    workload, task = prepared("codebooks[m=4;queries=100]", EMBEDDED, 32, tmp_path)
    answer = Answer(workload.run(task.X, task.k, fitted))
    result = workload.score(task, answer)
    index = faiss.IndexPQ(16, 4, 5)
    books = np.stack([answer.arrays[f"codebook{j}"] for j in range(4)])
    faiss.copy_array_to_vector(books.ravel(), index.pq.centroids)
    index.is_trained = True
    index.add(task.X)
    from kmbench.workloads.queries import query_rows

    queries = query_rows(EMBEDDED, 100)
    theirs, truth = index.search(queries, 10)[1], faiss.knn(queries, task.X, 10)[1]
    hits = [len(set(a) & set(b)) for a, b in zip(theirs.tolist(), truth.tolist(), strict=True)]
    assert result.figures["recall"] == pytest.approx(np.mean(hits) / 10, abs=0.005)  # ties of equal codes
    rebuilt = index.sa_decode(index.sa_encode(task.X))
    assert workload.loss(task.X, answer) == pytest.approx(np.square(task.X - rebuilt).sum(), rel=1e-4)
    assert result.figures["relative_error"] == pytest.approx(
        np.square(task.X - rebuilt).sum() / np.square(task.X - task.X.mean(axis=0)).sum(), rel=1e-4
    )
    assert result.figures["bits_per_vector"] == 20


def test_queries_are_rows_that_the_base_lacks(tmp_path):
    from kmbench.workloads.queries import query_rows

    _, task = prepared("codebooks[m=4;queries=100]", EMBEDDED, 32, tmp_path)
    queries = query_rows(EMBEDDED, 100)
    whole = np.load(materialise(EMBEDDED, tmp_path).path)
    assert len(task.X) == 2500
    assert sorted(map(bytes, np.concatenate([task.X, queries]))) == sorted(map(bytes, whole))


def test_ivf_reads_the_recall_that_faiss_searches_have(tmp_path):
    workload, task = prepared("ivf[queries=100]", EMBEDDED, 20, tmp_path)
    answer = single(workload, task)
    result = workload.score(task, answer)
    from kmbench.tuning.workload import recall_at_work
    from kmbench.workloads.queries import query_rows

    queries = query_rows(EMBEDDED, 100)
    quantizer = faiss.IndexFlatL2(16)
    quantizer.add(answer.centroids)
    index = faiss.IndexIVFFlat(quantizer, 16, 20)
    index.is_trained = True
    index.add(task.X)
    truth = faiss.knn(queries, task.X, 10)[1]
    points = [(0.0, 0.0)]
    for nprobe in range(1, 21):
        index.nprobe = nprobe
        faiss.cvar.indexIVF_stats.reset()
        found = index.search(queries, 10)[1]
        hits = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True))
        points.append((faiss.cvar.indexIVF_stats.ndis / 100, hits / 1000))
    scanned, recall = np.array(points).T
    assert result.figures["recall_at_5_percent"] == pytest.approx(np.interp(0.05 * 2500, scanned, recall))
    assert result.figures["scanned_for_target"] == pytest.approx(np.interp(0.95, recall, scanned) / 2500)
    sizes = np.bincount(answer.labels, minlength=20)
    assert result.figures["imbalance"] == pytest.approx(20 * np.square(sizes / 2500).sum(), rel=0.01)
    assert result.figures["empty_lists"] == 0
    assert recall_at_work


def test_semantic_ids_subtract_level_by_level(tmp_path):
    workload, task = prepared("semantic-ids[levels=2]", EMBEDDED, 8, tmp_path)
    assert np.linalg.norm(task.X, axis=1) == pytest.approx(1, abs=1e-6)
    answer = Answer(workload.run(task.X, task.k, fitted))
    first = fitted(task.X, 8)
    rest = task.X - first.centroids[first.labels]
    second = fitted(rest, 8)
    ids = np.column_stack([first.labels, second.labels])
    assert np.array_equal(answer.arrays["ids"], ids)
    result = workload.score(task, answer)
    distinct = len(np.unique(ids, axis=0))
    assert result.figures["distinct_ids"] == distinct
    assert result.figures["collision_rate"] == pytest.approx(1 - distinct / len(ids))
    left = np.square(rest - second.centroids[second.labels]).sum()
    assert workload.loss(task.X, answer) == pytest.approx(left, rel=1e-5)
    levels = json.loads(result.artefacts["levels.json"])
    assert [row[0] for row in levels["rows"]] == ["1", "2"]
