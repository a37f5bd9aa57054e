"""What ``--check`` says: one sentence, and rows of then beside now."""

import numpy as np
import pytest
from known_check import RECIPE, today
from known_settings import measured

from kmbench.tuning.deployment.judgement import judge_check
from kmbench.tuning.report.check import check_rows, check_sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "The target 0.9 is met: recall@10 is 0.960 (0.902 to 0.984)."),
        (
            {"recalls": np.repeat([1.0, 0.0], [80, 20])},
            "The target 0.9 is no longer met: recall@10 is 0.800 (0.711 to 0.867). Tune again on today's data.",
        ),
        (
            {"measured": measured(0.3e-3, p95=1.5e-3)},
            "The latency limit of 1 ms is no longer met: p95 1.50 ms.",
        ),
    ],
)
def test_the_sentence_names_the_promise_that_is_broken(changes, sentence):
    assert check_sentence(judge_check(RECIPE, today(**changes))) == sentence


def test_rows_stand_side_by_side():
    rows = check_rows(judge_check(RECIPE, today(rows=1200)))
    assert rows[0] == ("recall@10", "0.950", "0.960")
    assert rows[2] == ("p95, one query", "400 us", "500 us")
    assert ("rows of the data", "1,000", "1,200") in rows
    assert "searched on" not in [row[0] for row in rows]


def test_the_device_is_shown_where_either_is_a_gpu():
    rows = check_rows(judge_check(RECIPE, today(device="cuda", gpu="NVIDIA H100")))
    assert rows[-1] == ("searched on", "CPU", "NVIDIA H100")
