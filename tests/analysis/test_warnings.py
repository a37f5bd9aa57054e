"""Warnings are there when they must be, and only then."""

import pytest
from test_cells import measured

from kmbench.analysis.run import Run
from kmbench.analysis.warnings import concerning, kernel_level, notes_of


def pool(architecture, library="libopenblas.so"):
    return {"user_api": "blas", "library": library, "version": "0.3.15", "architecture": architecture}


def rows(pools, **changes):
    import dataclasses

    found = Run(records=measured("sklearn-lloyd", [2.0, 2.1]) + measured("faiss-cpu", [1.0, 1.1])).cells
    return [dataclasses.replace(row, pools=pools.get(row.backend, []), **changes) for row in found]


@pytest.mark.parametrize(
    ("architecture", "flags", "warns"),
    [
        ("Barcelona", ["avx2"], True),
        ("Zen", ["avx2", "avx512f"], True),
        ("Haswell", ["avx2"], False),
        ("SkylakeX", ["avx2", "avx512f"], False),
        ("neoversen1", ["avx2", "avx512f"], False),  # nothing is known of it
        ("Prescott", [], False),  # nothing is known of the CPU
    ],
)
def test_kernels_below_the_cpu_are_told_with_the_variable_that_mends_it(architecture, flags, warns):
    found = notes_of(rows({"faiss-cpu": [pool(architecture)]}), {"cpu": {"flags": flags}})
    assert bool(found) is warns
    if warns:
        assert f"faiss-cpu: OpenBLAS 0.3.15 (libopenblas.so) runs {architecture} kernels" in str(found[0])
        assert "OPENBLAS_CORETYPE" in str(found[0])


def test_rows_of_different_kernels_are_not_compared_silently():
    pools = {"faiss-cpu": [pool("Zen")], "sklearn-lloyd": [pool("SkylakeX")]}
    (found,) = notes_of(rows(pools), {})
    assert found.code == "KM202"
    assert "faiss-cpu: Zen" in str(found)
    assert "sklearn-lloyd: SkylakeX" in str(found)
    assert notes_of(rows({"faiss-cpu": [pool("Zen")], "sklearn-lloyd": [pool("Zen")]}), {}) == []


def test_more_threads_than_were_given_are_told():
    found = notes_of(rows({}, threads_seen=3, fit_seconds=1.0, fit_cpu_seconds=2.5), {})
    assert "faiss-cpu was given 1 thread and kept 3 busy" in "\n".join(map(str, found))
    assert notes_of(rows({}, threads_seen=1, fit_seconds=1.0, fit_cpu_seconds=1.0), {}) == []


def test_threads_that_take_turns_are_not_more_threads():
    assert notes_of(rows({}, threads_seen=3, fit_seconds=1.0, fit_cpu_seconds=1.05), {}) == []


def test_a_noisy_host_gets_a_banner():
    (found,) = notes_of(rows({}, disturbed_by={"waited for a core": 1}), {})
    assert found.code == "KM204"
    assert "NOISY HOST: 50% of the fits" in found.text
    assert notes_of(rows({}, samples=10, disturbed_by={"waited for a core": 1}), {}) == []
    (cold,) = notes_of(rows({}, disturbed_by={"cold memory": 1}), {})
    assert (cold.code, "50% of the fits" in cold.text) == ("KM208", True)
    stolen = {"sessions": [{"steal_share": 0.001}, {"steal_share": 0.03}]}
    assert "the hypervisor took 3.0%" in notes_of(rows({}), stolen)[0].text
    assert "other programs took 9.0%" in notes_of(rows({}), {"sessions": [{"others_share": 0.09}]})[0].text


def test_levels_are_ordered():
    assert kernel_level("Nehalem") < kernel_level("SandyBridge") < kernel_level("Zen") < kernel_level("Cooperlake")
    assert kernel_level("armv8") is None


def test_a_note_concerns_the_rows_that_it_names_or_all():
    cells = rows({"faiss-cpu": [pool("Zen")]}, disturbed_by={"waited for a core": 1})
    notes = notes_of(cells, {"cpu": {"flags": ["avx2", "avx512f"]}})
    assert [note.code for note in concerning(notes, "faiss-cpu")] == ["KM201", "KM204"]
    assert [note.code for note in concerning(notes, "sklearn-lloyd")] == ["KM204"]
