"""`kmbench data`, `choose-k` and `segment` on one table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kmbench import choose_k, segment
from kmbench.datasets.tables.reader import read_table
from kmbench.errors import DataError
from kmbench.segments.features import make_features


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Return a table of two groups, with what tables have besides."""
    random = np.random.default_rng(2)
    rows = [
        f"{random.integers(10_000, 99_999)};{('Kauf', 'Miete')[row % 2]};{('ja', 'nein')[row % 3 > 0]};"
        f"{1.2 + row % 2 * 7 + random.normal() / 9:.2f};{2000 + row % 2 * 9000 + random.integers(0, 400)}"
        for row in range(60)
    ]
    path = tmp_path / "orders.csv"
    path.write_text("Kunden-ID;Art;Aktiv;Dauer;Umsatz\n" + "\n".join(rows).replace(".", ",") + "\n;;;;\n")
    return path


def test_data_tells_of_each_column_how_it_is_read(orders, kmbench):
    done = kmbench("data", str(orders))
    code, out = done.returncode, " ".join(done.stdout.split())
    assert code == 0
    for said in ("Kunden-ID number", "KM121", "decimal comma", "flag, ja is 1", "KM124", "60 x 3", "1 empty line(s)"):
        assert said in out, said


def test_data_of_a_table_without_numbers_still_shows_its_columns(tmp_path, kmbench):
    (tmp_path / "t.csv").write_text("name,city\nAda,Rome\nBob,Oslo\nCy,Bern\n")
    done = kmbench("data", tmp_path / "t.csv")
    code, out, err = done.returncode, " ".join(done.stdout.split()), done.stderr
    assert code == 2
    assert "Ada, Bob, Cy" in out
    assert "has no column of numbers" in err


def test_choose_k_prepares_a_table_as_segment_does(orders):
    features = make_features(read_table(orders))
    found = choose_k(str(orders), "2:4", threads=1)
    assert (found.n, found.d) == features.X.shape
    assert "KM132" in [note.code for note in found.notes]
    alone = choose_k(f"{orders}:standardize", "2:4", threads=1)
    assert alone.d == 3


def test_choose_k_labels_every_row_of_the_table(tmp_path):
    random = np.random.default_rng(0)
    lines = [f"{row % 2 * 9 + random.normal():.3f},{row % 2 * 7 + random.normal():.3f}" for row in range(80)]
    lines[5] = ",7.5"
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    with pytest.raises(DataError, match="lacks values in a"):
        choose_k(f"{tmp_path}/t.csv", "2:3", threads=1)
    labels = choose_k(f"{tmp_path}/t.csv", "2:3", missing="drop", threads=1).labels
    assert len(labels) == 80
    assert np.flatnonzero(labels < 0).tolist() == [5]


def test_segment_takes_columns_id_and_decimal(orders, kmbench):
    flags = ("--k", "2", "--threads", "1", "--json", "--column", "Dauer", "--column", "Umsatz")
    done = kmbench("segment", orders, *flags)
    assert json.loads(done.stdout)["features"] == ["Dauer", "Umsatz"]
    found = segment(orders, 2, id="Umsatz", threads=1, seeds=2)
    assert found.features == ["Art=Kauf", "Art=Miete", "Aktiv", "Dauer"]
    refused = kmbench("segment", orders, "--decimal", "dot")
    assert refused.returncode == 2
    assert "decimal=dot: unknown decimal mark; use point or comma" in refused.stderr
