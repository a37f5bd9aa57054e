"""Agreement of labelings: exact, free of overflow, and blind to the names of clusters."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from kmbench.metrics import (
    Agreement,
    adjusted_rand,
    agreement,
    compare_labels,
    contingency,
    matched_agreement,
    matching,
)

SAME = Agreement(ari=1.0, matched_agreement=1.0, pair_f1=1.0, variation_of_information=0.0)


@st.composite
def labelings(draw):
    """Two labelings of the same rows, with their numbers of clusters; some clusters may be empty."""
    ka, kb, n = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 60))
    a = draw(st.lists(st.integers(0, ka - 1), min_size=n, max_size=n))
    b = draw(st.lists(st.integers(0, kb - 1), min_size=n, max_size=n))
    return np.array(a), np.array(b), ka, kb


@pytest.fixture(params=["dense", "sparse"])
def solver(request, monkeypatch):
    """Match small tables as such, or send them down the path of large ones."""
    if request.param == "sparse":
        monkeypatch.setattr(matching, "_DENSE_MATCH_CELLS", 0)
    return request.param


def counted(a, b, ka, kb):
    table = np.zeros((ka, kb), dtype=int)
    np.add.at(table, (a, b), 1)
    return table


@given(labelings())
@settings(max_examples=150, deadline=None)
def test_ari_is_that_of_scikit_learn(case):
    a, b, ka, kb = case
    assert adjusted_rand(contingency(a, b, ka, kb)) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)


@given(labelings())
@settings(max_examples=150, deadline=None)
def test_both_solvers_find_the_best_matching(case):
    a, b, ka, kb = case
    counts = counted(a, b, ka, kb)
    best = counts[linear_sum_assignment(-counts)].sum() / len(a)
    table = contingency(a, b, ka, kb)
    assert matched_agreement(table) == best
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_DENSE_MATCH_CELLS", 0)
        assert matched_agreement(table) == best


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_large_tables_with_many_ties_are_matched_as_well_as_by_scipy(share):
    rng = np.random.default_rng(5)
    a = rng.integers(600, size=4000)
    b = np.where(rng.random(4000) < share, rng.permutation(600)[a], rng.integers(600, size=4000))
    counts = counted(a, b, 600, 600)
    best = counts[linear_sum_assignment(-counts)].sum() / 4000
    assert matched_agreement(contingency(a, b, 600, 600)) == best


@pytest.mark.usefixtures("solver")
def test_matching_beats_every_renaming():
    rng = np.random.default_rng(0)
    a, b = rng.integers(4, size=50), rng.integers(4, size=50)
    brute = max(np.mean(np.array(names)[b] == a) for names in itertools.permutations(range(4)))
    assert matched_agreement(contingency(a, b, 4, 4)) == brute


@given(labelings(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_names_of_clusters_carry_no_meaning(case, random):
    a, b, ka, kb = case
    new_a, new_b = list(range(ka)), list(range(kb))
    random.shuffle(new_a)
    random.shuffle(new_b)
    renamed = compare_labels(np.array(new_a)[a], np.array(new_b)[b], ka, kb)
    assert renamed == compare_labels(a, b, ka, kb)
    assert compare_labels(a, np.array(new_a)[a], ka, ka) == SAME


@given(labelings())
@settings(max_examples=60, deadline=None)
def test_agreement_is_mutual(case):
    a, b, ka, kb = case
    assert compare_labels(a, b, ka, kb) == compare_labels(b, a, kb, ka)


@given(labelings())
@settings(max_examples=60, deadline=None)
def test_counting_is_the_same_for_large_tables(case):
    a, b, ka, kb = case
    expected = counted(a, b, ka, kb)
    assert np.array_equal(contingency(a, b, ka, kb).toarray(), expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "_DENSE_COUNT_CELLS", 0)
        sparse_path = contingency(a, b, ka, kb * 1000)
    assert np.array_equal(sparse_path.toarray()[:, :kb], expected)


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param([0, 0, 0], [0, 0, 0], (1.0, 1.0), id="one cluster on both sides"),
        pytest.param([0, 1, 2], [2, 0, 1], (1.0, 1.0), id="all singletons"),
        pytest.param([0, 0, 0, 0], [0, 1, 2, 3], (0.0, 0.25), id="one cluster against singletons"),
        pytest.param([0], [0], (1.0, 1.0), id="one row"),
        pytest.param([5, 5, 90, 90], [7, 7, 0, 0], (1.0, 1.0), id="names with gaps, clusters empty"),
        pytest.param([0, 0, 1, 1], [0, 1, 0, 1], (-0.5, 0.5), id="worse than chance"),
        pytest.param([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 1], (4 / 9, 4 / 6), id="three against two"),
    ],
)
def test_degenerate_and_small_cases(a, b, expected):
    found = compare_labels(np.array(a), np.array(b), max(a) + 1, max(b) + 1)
    assert (found.ari, found.matched_agreement) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint16])
def test_any_integer_type_will_do(dtype):
    a = np.arange(120, dtype=dtype)
    assert compare_labels(a, a[::-1].copy(), 120, 120) == SAME


def test_products_of_many_pairs_do_not_overflow():
    # 3 million rows in two clusters of each labeling: pairs are near 1e13, their products near 1e25.
    table = np.array([[1_400_000, 100_000], [100_000, 1_400_000]])
    pairs = [sum(c * (c - 1) for c in map(int, counts)) for counts in (table.ravel(), table.sum(1), table.sum(0))]
    chance = Fraction(pairs[1] * pairs[2], 3_000_000 * 2_999_999)
    expected = (pairs[0] - chance) / (Fraction(pairs[1] + pairs[2], 2) - chance)
    assert adjusted_rand(table) == float(expected)
    assert matched_agreement(table) == 28 / 30


def test_many_clusters_on_many_rows():
    # A size where only the sparse paths fit: every fifth row strays to the next cluster.
    k, n = 20_000, 100_000
    a = np.arange(n) % k
    names = np.random.default_rng(0).permutation(k)
    b = names[np.where(np.arange(n) // k == 0, (a + 1) % k, a)]
    found = compare_labels(a, b, k, k)
    assert found.matched_agreement == 0.8
    assert found.ari == pytest.approx(adjusted_rand_score(a, b), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([0, 3], [0, 1], r"label 3 of row 1 in a is outside 0\.\.2"),
        ([0, 1], [0, -1], r"label -1 of row 1 in b is outside 0\.\.2"),
        ([0, 1], [0, 1, 2], "a has 2 labels and b has 3"),
        ([0.0, 1.0], [0, 1], "a must be a vector of integers"),
        ([[0, 1]], [0, 1], "a must be a vector of integers"),
        (np.array([], dtype=int), [], "a has no labels"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        compare_labels(np.array(a), np.array(b), 3, 3)


def test_a_table_must_count_something():
    with pytest.raises(ValueError, match="counts no rows"):
        matched_agreement(np.zeros((2, 2), dtype=int))
    with pytest.raises(ValueError, match="counts in integers"):
        adjusted_rand(np.ones((2, 2)))
