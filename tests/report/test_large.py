"""A run of 10,000 records: the page stays small, its figures aggregate, its table pages."""

import pytest

from kmbench.report import write_page
from kmbench.report.page import MAX_CASES

LIMIT = 5_000_000


@pytest.fixture(scope="module")
def text(tmp_path_factory, new_case, write):
    cases = []
    for number in range(420):
        n, d, k = 1000 * (1 + number // 20), 8 * 2 ** (number % 5), 16 * 2 ** (number // 5 % 4)
        case = new_case(dataset=f"blobs:n={n},d={d},centers=64,seed=0", n=n, d=d, k=k)
        for backend, seconds in (("sklearn-lloyd", 2e-8), ("numpy-lloyd", 1e-8), ("faiss-cpu", 3e-8)):
            case.cell(backend, seconds * n * d * k, rounds=5)
        cases.append(case)
    assert sum(len(case.records) for case in cases) >= 10_000
    folder = write(tmp_path_factory.mktemp("large") / "run", *cases)
    return write_page(folder).read_text(encoding="utf-8")


def test_the_page_is_small(text):
    assert len(text.encode()) < LIMIT


def test_every_cell_is_in_the_table_and_figures_aggregate(text):
    assert text.count('class="copy"') == 1260
    assert text.count("<svg") < MAX_CASES + 25
    assert f"For {420 - MAX_CASES} more cases without a separate section, see the table" in text
    assert "414 more cases" in text  # their sentences are folded away
