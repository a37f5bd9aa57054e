"""`kmbench asv-frame`: asv's results as a table for other programs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kmbench.errors import OutputError

__all__ = ["asv_frame_command"]


class Format(StrEnum):
    """What a table can be written as."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def asv_frame_command(
    folder: Annotated[Path, typer.Argument(help="asv's results folder.")] = Path("results/asv"),
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write; its suffix selects the format: .csv, .json or .parquet."),
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Format to print without --output: csv (default) or json.")
    ] = None,
) -> None:
    """Print asv's results as a tidy table: machine, versions, commit, parameters by value, figures and samples.

    [bold]Examples[/bold]

    kmbench asv-frame results/asv --output history.parquet

    kmbench asv-frame | head
    """
    chosen = form or _format_of(output)
    if chosen is Format.PARQUET and output is None:
        raise OutputError("parquet cannot be printed", "give a file: --output history.parquet")
    from kmbench.analysis.asv_frame import asv_frame

    frame = asv_frame(folder)
    if chosen is Format.PARQUET:
        assert output is not None
        try:
            frame.astype({name: "str" for name in frame if str(name).startswith("param_")}).to_parquet(output)
        except ImportError:
            raise OutputError("parquet needs pyarrow", "pip install 'kmbench[files]', or write .csv") from None
        except OSError as error:
            raise OutputError(f"cannot write {output}: {error.strerror}") from None
        return
    if chosen is Format.JSON:
        text = frame.to_json(orient="records", date_format="iso", indent=1) + "\n"
    else:
        text = frame.to_csv(index=False)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror}") from None


def _format_of(output: Path | None) -> Format:
    if output is None:
        return Format.CSV
    try:
        return Format(output.suffix.removeprefix("."))
    except ValueError:
        raise OutputError(f"{output}: unknown suffix", "use .csv, .json or .parquet") from None
