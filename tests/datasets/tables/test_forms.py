"""Tables in the forms in which people have them: each with its right values, written out by hand."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest

from kmbench.datasets import read_spec
from kmbench.datasets.tables.reader import read_table

FRUIT = [[1.5, 10], [2.25, 40], [-3.0, 20], [4.125, 70]]
"""What every form below holds, in columns weight and pieces."""

POINT = ["1.5", "2.25", "-3.0", "4.125"]
COMMA = [text.replace(".", ",") for text in POINT]
PIECES = ["10", "40", "20", "70"]


def lines(weights=POINT, pieces=PIECES, sep=",", head="weight,pieces", end="\n"):
    rows = [sep.join(pair) for pair in zip(weights, pieces, strict=True)]
    return end.join([head.replace(",", sep), *rows]) + end


def xlsx(rows):
    """Return a spreadsheet as its standard has it: a zip of a few XML files."""

    def cell(value):
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def zipped(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inside.csv", text)
    return out.getvalue()


def parquet(frame):
    out = io.BytesIO()
    frame.to_parquet(out)
    return out.getvalue()


def feather(frame):
    out = io.BytesIO()
    pyarrow.feather.write_feather(pa.table(frame), out)
    return out.getvalue()


FRAME = pd.DataFrame(FRUIT, columns=["weight", "pieces"])

FORMS = {
    "comma.csv": lines(),
    "semicolon.csv": lines(sep=";"),
    "semicolon-decimal-comma.csv": lines(COMMA, sep=";"),
    "tab.tsv": lines(sep="\t"),
    "tab-decimal-comma.txt": lines(COMMA, sep="\t"),
    "pipe.txt": lines(sep="|"),
    "crlf.csv": lines(end="\r\n"),
    "no-last-line-end.csv": lines().rstrip("\n"),
    "utf8-bom.csv": "\ufeff" + lines(),
    "utf16-le-bom.csv": ("\ufeff" + lines()).encode("utf-16-le"),
    "utf16-be-bom.csv": ("\ufeff" + lines()).encode("utf-16-be"),
    "utf16-without-bom.csv": lines().encode("utf-16-le"),
    "cp1252.csv": lines(head="größe,stück").encode("cp1252"),
    "sep-line.csv": "sep=;\n" + lines(sep=";"),
    "title-above.csv": "Harvest of the year\n\n" + lines(),
    "hash-lines-above.csv": "# made by hand\n# twice\n" + lines(),
    "units-below.csv": lines().replace("pieces\n", "pieces\nkg,pcs\n", 1),
    "blank-lines.csv": lines() + ",\n,\n",
    "totals.csv": lines() + "Total,140\n",
    "no-header.csv": lines().split("\n", 1)[1],
    "header-of-numbers.csv": ",0,1\n" + "".join(f"{row},{a},{b}\n" for row, (a, b) in enumerate(FRUIT)),
    "quoted.csv": "".join(
        ",".join(f'"{field}"' for field in line.split(",")) + "\n" for line in lines().splitlines()
    ),
    "blanks-around.csv": lines(sep=" , "),
    "trailing-delimiter.csv": lines(end=",\n"),
    "short-lines.csv": "weight,pieces,remark\n" + "".join(f"{a},{b}\n" for a, b in FRUIT),
    "commas-in-texts.csv": "name;weight;pieces\n" + "".join(
        f"red, sweet;{a};{b}\n" for a, b in zip(COMMA, PIECES, strict=True)
    ),
    "text-column.csv": "weight,kind,pieces\n" + "".join(f"{a},pear,{b}\n" for a, b in FRUIT),
    "exponents.csv": lines(["1.5e0", "22.5E-1", "-3e0", "4.125"]),
    "gzip.csv.gz": gzip.compress(lines().encode()),
    "zip.zip": zipped(lines()),
    "sheet.xlsx": xlsx([["weight", "pieces"], *FRUIT]),
    "columns.parquet": parquet(FRAME),
    "columns.feather": feather(FRAME),
    "records.jsonl": "".join(json.dumps(row) + "\n" for row in FRAME.to_dict("records")),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_every_form_holds_the_same_numbers(tmp_path: Path, name: str) -> None:
    content = FORMS[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    np.testing.assert_array_equal(np.concatenate(list(read_spec(str(path)).blocks(3))), FRUIT)


NUMBERS = {
    "us": (["1,234.50", "12,000.00", "999.25"], [1234.5, 12000, 999.25]),
    "german": (["1.234,50", "12.000,00", "999,25"], [1234.5, 12000, 999.25]),
    "swiss": (["1'234.50", "12'000.00", "999.25"], [1234.5, 12000, 999.25]),
    "swiss, typeset": (["1\u2019234.50", "12\u2019000.00", "999.25"], [1234.5, 12000, 999.25]),
    "french": (["1\u00a0234,50", "12\u202f000,00", "999,25"], [1234.5, 12000, 999.25]),
    "indian": (["1,23,456.5", "12,00,000.0", "999.25"], [123456.5, 1200000, 999.25]),
    "repeated marks": (["1.234.567", "2.500.000", "999.000"], [1234567, 2500000, 999000]),
    "brackets": (["(12.50)", "13.25", "(1.75)"], [-12.5, 13.25, -1.75]),
    "minus behind": (["12.5-", "13.25", "1.75-"], [-12.5, 13.25, -1.75]),
    "minus sign": (["\u221212.5", "13.25", "\u22121.75"], [-12.5, 13.25, -1.75]),
    "dollars": (["-$12.50", "$13.25", "$1.75"], [-12.5, 13.25, 1.75]),
    "euros": (["12,50 \u20ac", "1.300,25 \u20ac", "1,75 \u20ac"], [12.5, 1300.25, 1.75]),
    "per cent": (["5 %", "12.5 %", "0.25 %"], [5, 12.5, 0.25]),
    "leading zero": (["0.125", "0.250", "10.375"], [0.125, 0.25, 10.375]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_read_as_they_are_written(tmp_path: Path, name: str) -> None:
    texts, values = NUMBERS[name]
    path = tmp_path / "x.csv"
    path.write_text("place;amount\n" + "".join(f"town {row % 2};{text}\n" for row, text in enumerate(texts)))
    assert read_table(path).columns[1].numbers.tolist() == values


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["2023-12-31", "2024-01-15", "2024-02-01"], [19722, 19737, 19754]),
        (["31.12.2023", "15.01.2024", "01.02.2024"], [19722, 19737, 19754]),
        (["12/31/2023", "01/15/2024", "02/01/2024"], [19722, 19737, 19754]),
        (["20231231", "20240115", "20240201"], [19722, 19737, 19754]),
    ],
)
def test_dates_are_left_out_unless_named_and_then_are_days(tmp_path: Path, texts: list[str], days: list[int]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("since,weight\n" + "".join(f"{text},{row * row}.5\n" for row, text in enumerate(texts)))
    since = read_table(path).columns[0]
    assert since.kind == "date"
    assert since.left_out is not None
    assert since.left_out.code == "KM119"
    named = read_spec(f"{path}:columns=since+weight")
    assert np.concatenate(list(named.source.blocks(9)))[:, 0].tolist() == days
