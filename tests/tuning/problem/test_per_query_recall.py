"""Recall of single queries, counted by hand."""

import numpy as np

from kmbench.tuning.problem.recall import per_query_recall


def test_each_of_the_k_places_counts_once_and_ties_count():
    truth = np.array([[0, 1, 2, -1], [0, 1, 2, 3], [5, 6, -1, -1], [0, 1, -1, -1]])
    found = np.array([[0, 1], [3, 9], [-1, -1], [1, 0]])
    # A row is no neighbour because it is one of another query, and -1 is no row.
    np.testing.assert_array_equal(per_query_recall(found, truth, 2), [1.0, 0.5, 0.0, 1.0])
    np.testing.assert_array_equal(per_query_recall(np.array([[5, 6]]), truth[:1], 2), [0.0])
