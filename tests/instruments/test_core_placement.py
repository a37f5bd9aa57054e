"""Cores are chosen by the caches that the kernel tells."""

import pytest

from kmbench.instruments import choose_cores


@pytest.fixture
def host(tmp_path):
    """Eight cores of two hardware threads each, 0 and 8 of one core, four cores to an L3 cache."""

    def build(l3=lambda core: "0-3,8-11" if core % 8 < 4 else "4-7,12-15"):
        for cpu in range(16):
            folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}"
            (folder / "cache/index3").mkdir(parents=True)
            (folder / "topology").mkdir()
            if l3(cpu) is not None:
                (folder / "cache/index3/shared_cpu_list").write_text(l3(cpu) + "\n")
            (folder / "topology/thread_siblings_list").write_text(f"{cpu % 8},{cpu % 8 + 8}\n")
        return tmp_path

    return build


def test_cores_of_one_cache_come_before_second_hardware_threads(host):
    assert choose_cores(4, "same-l3", range(16), host()) == [0, 1, 2, 3]


def test_more_threads_than_cores_of_a_cache_take_their_second_hardware_threads(host):
    assert choose_cores(6, "same-l3", range(16), host()) == [0, 1, 2, 3, 8, 9]


def test_spread_takes_the_caches_in_turn(host):
    assert choose_cores(4, "spread", range(16), host()) == [0, 1, 4, 5]


def test_only_cores_that_are_allowed_are_chosen(host):
    assert choose_cores(2, "same-l3", [3, 4, 5, 6], host()) == [4, 5]


@pytest.mark.parametrize(
    ("threads", "placement", "l3", "reason"),
    [
        (9, "same-l3", None, "no L3 cache is shared by 9 cores here; the largest has 8"),
        (2, "spread", lambda core: "0-15", "there is only one L3 cache here to spread over"),
        (17, "spread", None, "17 threads need as many cores; there are 16"),
        (2, "same-l3", lambda core: None, "this system does not tell which L3 cache core 0 has"),
    ],
)
def test_what_the_caches_do_not_allow_is_said(host, threads, placement, l3, reason):
    root = host() if l3 is None else host(l3)
    with pytest.raises(ValueError, match=reason):
        choose_cores(threads, placement, range(16), root)
