"""The answer of choose-k: the true k where it is plain, none where there are no clusters, and what it rests on."""

import json

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

from kmbench import choose_k
from kmbench.backends.training import Trainer, one_backend
from kmbench.choosing.decide import picks, recommend, why_no_clusters
from kmbench.choosing.elbow import elbow
from kmbench.choosing.fits import fit_path
from kmbench.choosing.grid import is_thinned, parse_ks
from kmbench.choosing.result import KRow
from kmbench.errors import CaseError, DataError

FAST = {"restarts": 1, "pairs": 2, "references": 2, "threads": 1}


def blobs(seed=3, n=900, k=6, d=5):
    centres = np.random.default_rng(seed).permutation(np.eye(d).repeat(2, 0) * np.tile([[15.0], [-15.0]], (d, 1)))[:k]
    return make_blobs(n, centers=centres, random_state=seed)


@pytest.fixture(scope="module")
def plain():
    X, truth = blobs()
    return X, truth, choose_k(X, "2:9", **FAST)


def test_plain_clusters_are_found_and_labelled(plain):
    _, truth, result = plain
    assert result.recommended == 6
    assert set(result.agreeing) == set(result.criteria)
    assert reference.adjusted_rand_score(truth, result.labels) == 1


def test_the_table_is_scikit_learns(plain):
    X, _, result = plain
    X = X.astype(np.float32).astype(np.float64)
    row = next(row for row in result.rows if row.k == 6)
    fitted = KMeans(6, n_init=3, random_state=0).fit(X)
    assert row.inertia == pytest.approx(fitted.inertia_, rel=1e-6)
    assert row.silhouette == pytest.approx(reference.silhouette_score(X, fitted.labels_), abs=1e-5)
    assert row.calinski_harabasz == pytest.approx(reference.calinski_harabasz_score(X, fitted.labels_), rel=1e-5)
    assert row.davies_bouldin == pytest.approx(reference.davies_bouldin_score(X, fitted.labels_), rel=1e-5)
    assert row.stability == 1


def test_the_same_seed_gives_the_same_answer(plain):
    X, _, result = plain
    assert choose_k(X, "2:9", **FAST).to_json() == result.to_json()


@pytest.mark.parametrize("kind", ["uniform", "one long Gaussian", "a square"])
def test_there_may_be_no_clusters(kind):
    rng = np.random.default_rng(0)
    X = {
        "uniform": rng.random((1500, 5)),
        "one long Gaussian": rng.normal(size=(1500, 4)) * [6, 2, 1, 1],
        "a square": rng.random((1500, 2)),
    }[kind]
    result = choose_k(X, "2:6", **FAST)
    assert result.recommended is None
    assert result.labels is None
    assert result.reason


def test_a_fit_leaves_the_local_minimum():
    # 40 clusters in 32 dimensions: single starts of k-means++ join some and cut others in two.
    X, _ = make_blobs(2000, n_features=32, centers=40, cluster_std=1.5, random_state=0)
    X = X.astype(np.float32)
    means = KMeans(40, init=np.array([X[_ == label].mean(axis=0) for label in range(40)]), n_init=1).fit(X)
    trainer = Trainer(one_backend("numpy-lloyd"), iterations=25, threads=1)
    found = fit_path(X, [40], trainer, seed=[1], restarts=1)[40]
    squares = ((X[:, None, :] - found[None]) ** 2).sum(axis=2).min(axis=1).sum()
    assert squares == pytest.approx(means.inertia_, rel=1e-4)


def test_any_backend_fits():
    X, _ = blobs(n=400)
    for backend in ("sklearn-elkan", "sklearn-minibatch", "faiss-cpu"):
        assert choose_k(X, [3, 5, 6, 7], backend=backend, **FAST).recommended == 6


def row(k, **figures):
    plain = {
        "inertia": 1.0, "silhouette_simplified": 0.5, "silhouette": 0.5, "silhouette_spread": 0.0,
        "calinski_harabasz": 1.0, "davies_bouldin": 1.0, "bic": 1.0, "stability": 0.9, "stability_spread": 0.0,
        "gap": 1.0, "gap_error": 0.01, "clusters": k,
    }  # fmt: skip
    return KRow(k=k, **plain | figures)


def test_a_best_value_at_the_end_of_the_range_is_no_vote():
    rows = [row(2), row(3, bic=0.5), row(4, silhouette=0.9, silhouette_simplified=0.9, stability=1.0)]
    chosen = picks(rows)
    assert (chosen["silhouette"].k, chosen["silhouette"].counts) == (4, False)
    assert not chosen["stability"].counts
    assert recommend(rows, chosen)[0] == 2  # CH and DB tie at the smallest k


def test_the_two_silhouettes_share_one_vote():
    rows = [row(2), row(3, silhouette=0.9, silhouette_simplified=0.9, stability=0.2), row(4, bic=0, davies_bouldin=0),
            row(5, stability=0.1)]  # fmt: skip
    rows[0] = row(2, calinski_harabasz=0.0, stability=0.1)
    assert recommend(rows, picks(rows)) == (4, ("davies_bouldin", "bic", "stability"))


def test_clusters_need_both_tests():
    assert why_no_clusters([row(2), row(3)]) is None
    assert "noise" in why_no_clusters([row(2, gap=0.01), row(3, gap=0.1, gap_error=0.05)])
    assert "halves" in why_no_clusters([row(2, stability=0.3), row(3, stability=0.5)])


def test_elbow_of_two_straight_lines_is_where_they_meet():
    assert elbow([2, 3, 4, 5, 6, 7], [100, 70, 40, 30, 20, 10]) == 4
    assert elbow([2, 3], [2, 1]) is None
    assert elbow([2, 3, 4], [3, 2, 1]) is None


@pytest.mark.parametrize(
    ("text", "ks"),
    [("2:5", [2, 3, 4, 5]), ("2:10:4", [2, 6, 10]), ("8,2,4,4", [2, 4, 8]), ("2:3,9", [2, 3, 9])],
)
def test_lists_of_k(text, ks):
    assert parse_ks(text, 100) == ks


def test_a_wide_range_is_thinned():
    ks = parse_ks("2:1024", 10_000)
    assert (ks[0], ks[-1]) == (2, 1024)
    assert len(ks) <= 64
    assert is_thinned("3,2:1024")
    assert not is_thinned("2:65,70,2:200:4")


@pytest.mark.parametrize("text", ["", "a", "1:5", "5:2", "2:100", "2:9:0", "2:3:4:5"])
def test_lists_that_cannot_be_tried(text):
    with pytest.raises(CaseError, match="--k"):
        parse_ks(text, 100)


def test_equal_rows_have_no_clusters_to_compare():
    with pytest.raises(DataError, match="all 50 rows are equal"):
        choose_k(np.ones((50, 3)), "2:4", **FAST)


def test_few_different_rows_end_in_a_note():
    X = np.repeat(np.array([[0.0, 0], [9, 0], [0, 9]]), 30, axis=0)
    result = choose_k(X, "2:5", **FAST)
    json.dumps(result.to_json(), allow_nan=False)
    assert any("empty" in note for note in map(str, result.notes))


def test_the_command_prints_and_writes(kmbench, tmp_path):
    X, truth = blobs(n=400)
    np.save(tmp_path / "x.npy", X)
    options = ("--k", "2:8", "--restarts", 1, "--threads", 1)
    shown = kmbench("choose-k", "x.npy", *options, "--labels", "labels.csv", "--output", "page.html")
    assert shown.returncode == 0, shown.stderr
    assert "Use k = 6" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert reference.adjusted_rand_score(truth, np.loadtxt(tmp_path / "labels.csv", dtype=int)) == 1
    page = (tmp_path / "page.html").read_text()
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    told = json.loads(kmbench("choose-k", "x.npy", *options, "--json").stdout)
    assert told["recommended"] == 6
    assert [line["k"] for line in told["table"]] == list(range(2, 9))
    assert set(told["criteria"]) >= {"silhouette", "bic", "stability"}


def test_without_clusters_no_labels_are_written(kmbench, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((500, 4)))
    shown = kmbench("choose-k", "x.npy", "--k", "2:5", "--restarts", 1, "--labels", "labels.npy", "--json")
    assert shown.returncode == 1
    assert json.loads(shown.stdout)["recommended"] is None
    assert "labels.npy was not written" in shown.stderr
    assert not (tmp_path / "labels.npy").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("digits", "--output", "a.txt"), "no such kind of file"),
        (("digits", "--backend", "faiss"), "unknown backend"),
        (("digits", "--k", "2000"), "use k <= 1796"),
        (("digits", "--labels", "/dev/null/labels.npy"), "cannot be written"),
        (("missing.npy",), "does not exist"),
    ],
)
def test_bad_input_is_one_line(kmbench, arguments, words):
    done = kmbench("choose-k", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
