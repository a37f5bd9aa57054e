"""Pair F1 and variation of information: as scikit-learn's parts give them, exact where partitions are the same."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import pair_confusion_matrix

from kmbench.metrics import contingency, pair_f1, variation_of_information

BOTH = pytest.mark.parametrize("figure", [pair_f1, variation_of_information])


@st.composite
def labelings(draw):
    """Two labelings of the same rows, with their numbers of clusters; some clusters may be empty."""
    ka, kb, n = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 60))
    a = draw(st.lists(st.integers(0, ka - 1), min_size=n, max_size=n))
    b = draw(st.lists(st.integers(0, kb - 1), min_size=n, max_size=n))
    return np.array(a), np.array(b), ka, kb


def f1_of_scikit_learn(a, b):
    (_, fp), (fn, tp) = pair_confusion_matrix(a, b).tolist()
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0


def information_of_scikit_learn(a, b):
    return entropy(np.bincount(a)) + entropy(np.bincount(b)) - 2 * mutual_info_score(a, b)


@given(labelings())
@settings(max_examples=150, deadline=None)
def test_values_are_those_of_scikit_learn(case):
    table = contingency(*case)
    a, b, *_ = case
    assert pair_f1(table) == f1_of_scikit_learn(a, b)
    assert variation_of_information(table) == pytest.approx(information_of_scikit_learn(a, b), abs=1e-12)


@BOTH
@given(case=labelings(), random=st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_names_and_order_of_labelings_carry_no_meaning(figure, case, random):
    a, b, ka, kb = case
    new_a, new_b = list(range(ka)), list(range(kb))
    random.shuffle(new_a)
    random.shuffle(new_b)
    found = figure(contingency(a, b, ka, kb))
    assert figure(contingency(np.array(new_a)[a], np.array(new_b)[b], ka, kb)) == found
    assert figure(contingency(b, a, kb, ka)) == found


@BOTH
def test_names_carry_no_meaning_among_many_cells(figure):
    # Enough cells for vectorised loops and blocked sums, whose last digits depend on the order.
    rng = np.random.default_rng(3)
    k, n = 700, 60_001
    a, b = rng.integers(k, size=n), rng.integers(k, size=n) // 3
    found = figure(contingency(a, b, k, k))
    assert figure(contingency(rng.permutation(k)[a], rng.permutation(k)[b], k, k)) == found
    assert figure(contingency(b, a, k, k)) == found


@given(labelings())
@settings(max_examples=100, deadline=None)
def test_ranges_and_what_the_same_partition_gets(case):
    a, b, ka, kb = case
    table = contingency(a, b, ka, kb)
    same = np.count_nonzero(table.toarray()) == len(set(a.tolist())) == len(set(b.tolist()))
    assert 0 <= pair_f1(table) <= 1
    assert 0 <= variation_of_information(table) <= math.log(len(a)) + 1e-12
    assert (variation_of_information(table) == 0) == (pair_f1(table) == 1) == same


@given(labelings(), st.data())
@settings(max_examples=100, deadline=None)
def test_variation_of_information_is_a_metric(case, data):
    a, b, ka, kb = case
    c = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(a), max_size=len(a))))
    direct = variation_of_information(contingency(a, b, ka, kb))
    detour = variation_of_information(contingency(a, c, ka, 5)) + variation_of_information(contingency(c, b, 5, kb))
    assert direct <= detour + 1e-12


@pytest.mark.parametrize(
    ("a", "b", "f1", "information"),
    [
        pytest.param([0, 0, 0], [0, 0, 0], 1.0, 0.0, id="one cluster on both sides"),
        pytest.param([0, 1, 2], [2, 0, 1], 1.0, 0.0, id="all singletons"),
        pytest.param([0, 0, 0, 0], [0, 1, 2, 3], 0.0, math.log(4), id="one cluster against singletons"),
        pytest.param([0], [0], 1.0, 0.0, id="one row"),
        pytest.param([5, 5, 90, 90], [7, 7, 0, 0], 1.0, 0.0, id="names with gaps, clusters empty"),
        pytest.param([0, 0, 1, 1], [0, 1, 0, 1], 0.0, 2 * math.log(2), id="independent"),
        pytest.param([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 1], 6 / 10, 4 / 6 * math.log(2), id="three against two"),
    ],
)
def test_degenerate_and_small_cases(a, b, f1, information):
    table = contingency(np.array(a), np.array(b), max(a) + 1, max(b) + 1)
    assert pair_f1(table) == f1
    assert variation_of_information(table) == pytest.approx(information, rel=1e-14, abs=0)


@pytest.mark.parametrize("sizes", [[3, 7, 11], [1] * 1000, [9_999_991, 3, 6], list(range(1, 500))])
def test_the_same_partition_is_at_no_distance(sizes):
    table = sparse.csr_array(np.diag(sizes)[::-1])
    assert pair_f1(table) == 1.0
    assert variation_of_information(table) == 0.0


def test_ten_million_rows_overflow_nothing_and_lose_no_digits():
    # One row of ten million strays: entropies and mutual information agree to nine digits before they cancel.
    n = 10_000_000
    table = np.array([[5_000_000, 0], [1, 4_999_999]], dtype=np.int32)
    pairs = [sum(c * (c - 1) for c in map(int, counts)) for counts in (table.ravel(), table.sum(1), table.sum(0))]
    assert pair_f1(table) == float(Fraction(2 * pairs[0], pairs[1] + pairs[2]))
    half = 5_000_000
    expected = (
        half * math.log1p(1 / half) + math.log(half + 1) + (math.log(half) + (half - 1) * math.log1p(1 / (half - 1)))
    )
    assert variation_of_information(table) == pytest.approx(expected / n, rel=1e-13)


def test_a_stored_zero_counts_for_nothing():
    table = sparse.csr_array(np.array([[4, 1], [2, 3]]))
    padded = table.copy()
    padded.data[1] = 0
    dense = np.array([[4, 0], [2, 3]])
    assert pair_f1(padded) == pair_f1(dense)
    assert variation_of_information(padded) == variation_of_information(dense)


def test_a_table_must_count_rows_in_integers():
    with pytest.raises(ValueError, match="counts no rows"):
        variation_of_information(np.zeros((2, 2), dtype=int))
    for figure in (pair_f1, variation_of_information):
        with pytest.raises(ValueError, match="counts in integers"):
            figure(np.ones((2, 2)))
