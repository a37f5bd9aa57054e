import itertools

from kmbench.study.protocol import job_protocol, rungs_up_to


def test_a_ladder_ends_at_its_top_and_no_rung_is_far_from_the_next():
    assert rungs_up_to(1) == [1]
    assert rungs_up_to(10) == [1, 2, 3, 4, 6, 8, 10]
    for top in range(1, 300):
        rungs = rungs_up_to(top)
        assert rungs[-1] == top
        assert all(b <= max(a + 1, 1.5 * a) for a, b in itertools.pairwise(rungs))


def test_a_backend_is_told_of_two_protocols_only():
    assert {name: job_protocol(name) for name in ("matched", "native", "target")} == {
        "matched": "matched",
        "native": "native",
        "target": "matched",
    }
