"""The cost model: found again from points that it made, and off by what the points are off."""

import pytest
from known_settings import MODEL

from kmbench.tuning.timing.cost import TimedPoint, fit_cost, held_out_error


def test_cost_model_is_recovered_and_its_error_is_of_other_points():
    def point(nlist, nprobe, scanned, off=1.0):
        seconds = off * float(MODEL.predict(nlist, nprobe, scanned, 0))
        return TimedPoint(nlist=nlist, nprobe=nprobe, scanned=scanned, reranked=0, seconds=seconds)

    fitted = fit_cost([point(m, p, p * 1e5 / m + 50) for m in (128, 2048) for p in (1, 4, 16, 64)])
    for name in ("overhead_seconds", "list_seconds", "probe_seconds", "vector_seconds"):
        assert getattr(fitted, name) == pytest.approx(getattr(MODEL, name), rel=1e-3)
    error = held_out_error(fitted, [point(512, 8, 1600, off=1.25), point(512, 32, 6400)])
    assert error.worst == pytest.approx(0.2, rel=1e-3)
    assert error.mean == pytest.approx(0.1, rel=1e-3)
    assert held_out_error(fitted, []) is None
