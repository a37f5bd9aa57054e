"""Figures are worded alike wherever a person reads them: worked examples."""

import pytest

from kmbench.wording import (
    agreement_text,
    bytes_text,
    count_text,
    dataset_name,
    interval_text,
    percent_text,
    printable,
    range_text,
    ratio_text,
    seconds_text,
    shortened,
    spread_text,
    threads_text,
    tick_text,
    times_text,
)


@pytest.mark.parametrize(
    ("seconds", "text", "tick"),
    [
        (12.345, "12.3 s", "12.35 s"),
        (1.0, "1.00 s", "1 s"),
        (0.99995, "1000 ms", "1 s"),
        (0.0025, "2.50 ms", "2.5 ms"),
        (4.2e-5, "42.0 us", "42 us"),
        (3e-9, "3 ns", "3 ns"),
    ],
)
def test_times(seconds, text, tick):
    assert seconds_text(seconds) == text
    assert tick_text(seconds) == tick


def test_a_time_that_was_not_measured_is_no_text_and_the_origin_of_an_axis_has_no_unit():
    assert (seconds_text(None), bytes_text(None), ratio_text(None), agreement_text(None)) == ("", "", "", "")
    assert tick_text(0) == "0"


@pytest.mark.parametrize(
    ("size", "text"), [(512, "512 B"), (2048, "2.00 KiB"), (5 * 2**20, "5.00 MiB"), (3 * 2**29, "1.50 GiB")]
)
def test_sizes(size, text):
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "case", "0 cases"),
        (1, "case", "1 case"),
        (2, "more panel", "2 more panels"),
        (1234, "cell", "1,234 cells"),
    ],
)
def test_counts(count, noun, text):
    assert count_text(count, noun) == text


def test_threads():
    assert [threads_text(number) for number in (1, 2, 64)] == ["1 thread", "2 threads", "64 threads"]


def test_ratios_of_times_have_three_digits_and_their_interval():
    assert [times_text(ratio) for ratio in (1.324, 9.996, 12.34, 99.96)] == ["1.32x", "10.0x", "12.3x", "100x"]
    assert interval_text(1.324, 1.276, 1.361) == "1.32x (1.28-1.36)"
    assert interval_text(9.5, 8.999, 10.06) == "9.50x (9.00-10.1)"
    assert range_text(0.5, 123.4, "–") == "0.50–123"


@pytest.mark.parametrize(("low", "high"), [(None, None), (1.2, None), (None, 1.4)])
def test_a_ratio_without_an_interval_stands_alone(low, high):
    assert interval_text(1.3, low, high) == "1.30x"


def test_ratios_of_inertias_are_distances_from_1():
    ratios = (1.0, 1 + 1e-7, 1.00013, 0.99, 1.5)
    assert [ratio_text(ratio) for ratio in ratios] == ["same", "same", "+0.013%", "-1.0%", "+50.0%"]


def test_shares():
    assert [percent_text(share) for share in (0.001, 0.01, 0.125, 1.0)] == ["0.1%", "1%", "12.5%", "100%"]
    assert spread_text(0.9, 1.0, 1.1) == "10%"


def test_only_a_whole_agreement_reads_as_100_percent():
    assert [agreement_text(share) for share in (1, 0.999999, 0.914)] == ["100%", "99.99%", "91.40%"]


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("digits", "digits"),
        ("/home/me/vectors.fbin:limit=10,center", "vectors.fbin:limit=10,center"),
        ("~/a/b.hdf5:key=x/train", "b.hdf5:key=x/train"),
        ("blobs:n=1e5,d=64", "blobs:n=1e5,d=64"),
    ],
)
def test_folders_are_not_published(spec, name):
    assert dataset_name(spec) == name


def test_labels_are_made_fit_for_xml():
    assert printable("a\x00b\x1b[31m\ud800 k-平均") == "a\ufffdb\ufffd[31m\ufffd k-平均"


@pytest.mark.parametrize("most", [10, 11, 26])
def test_long_labels_lose_their_middle(most):
    label = "faiss-ivf[nlist=1024;nprobe=16]"
    found = shortened(label, most)
    assert len(found) == most - most % 2
    assert found.startswith("faiss")
    assert found.endswith("=16]"[-(most // 2 - 1) :])
    assert shortened(label, len(label)) == label
