"""One table says what a cell can tell: an entry in it reaches every face."""

import dataclasses

from kmbench.analysis import CellSummary
from kmbench.figures_of_cells import FIGURES, Face, Summary, figures_of, summarised_by
from kmbench.records import Record, Status

FIELDS = {field.name for field in dataclasses.fields(CellSummary)}


def summary(**figures):
    return CellSummary(
        case_id="c", cell_id="i", dataset="digits", n=9, d=2, k=3, threads=1, protocol="matched", iterations=10,
        seed=0, backend="b", parameters={}, label="b", backend_version=None, status=Status.OK, reason=None, **figures,
    )  # fmt: skip


def test_every_figure_is_a_field_of_a_cell_and_named_once():
    names = [figure.name for figure in FIGURES]
    assert len(set(names)) == len(names)
    assert set(names) <= FIELDS
    recorded = {field.name for field in dataclasses.fields(Record)}
    assert {f.name for f in FIGURES if f.summary is not Summary.COMPARED} <= recorded


def test_every_field_with_a_number_has_an_entry():
    identity = {"n", "d", "k", "threads", "iterations", "iterations_given", "seed"}
    counts = {"samples", "epochs", "contaminated_share"}
    numbers = {f.name for f in dataclasses.fields(CellSummary) if f.type.split(" ")[0] in ("int", "float")}
    names = {figure.name for figure in FIGURES}
    ends = {f"{name}_{end}" for name in names for end in ("low", "high")}
    assert numbers - identity - counts - ends - names == set()


def test_units_in_names_and_in_the_table_agree():
    for figure in FIGURES:
        assert (figure.unit == "s") == figure.name.endswith("_seconds")
        assert (figure.unit == "bytes") == figure.name.endswith("_bytes")


def test_the_times_are_medians_of_epochs():
    assert {"fit_seconds", "fit_predict_seconds", "assign_seconds"} <= set(summarised_by(Summary.MEDIAN))
    assert "ari" not in summarised_by(Summary.MEDIAN)


def test_what_is_shown_is_worded_and_what_is_not_known_is_empty():
    known = summary(
        fit_predict_seconds=0.002, fit_predict_seconds_low=0.0019, fit_predict_seconds_high=0.0021, epochs=3,
        speedup=1.5, speedup_low=1.2, speedup_high=1.9, baseline="other", peak_extra_bytes=2048, input_bytes=1024,
        inertia_ratio=1.0, ari=0.5, matched_agreement=0.99999, n_iter=7,
    )  # fmt: skip
    words = {f.name: (f.word(known).main, f.word(known).aside) for f in figures_of(Face.PAGE)}
    assert words["fit_predict_seconds"] == ("2.00 ms", "5%")
    assert words["speedup"] == ("1.50x", "1.20-1.90")
    assert words["peak_extra_bytes"] == ("2.00 KiB", "2.00x")
    assert words["inertia_ratio"] == ("same", "")
    assert words["ari"] == ("0.500", "")
    assert words["matched_agreement"] == ("99.99%", "")
    assert words["n_iter"] == ("7", "")
    for face in (Face.TERMINAL, Face.PAGE, Face.MARKDOWN):
        assert all(f.word(summary()).main == "" for f in figures_of(face))
