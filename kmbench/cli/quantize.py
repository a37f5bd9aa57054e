"""`kmbench quantize`: a picture in k colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from kmbench.cli.note_lines import print_notes
from kmbench.notes import notes_as_json

if TYPE_CHECKING:
    from kmbench.colour import QuantizeResult

__all__ = ["print_palette", "quantize_command"]

SWATCH_WIDTH, MOST_LISTED = 60, 32


def quantize_command(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Any picture that Pillow can read.")],
    k: Annotated[int, typer.Option("--k", "-k", metavar="K", help="Number of colours.")] = 16,
    space: Annotated[
        str, typer.Option(metavar="rgb|lab", help="Colour space to cluster in; lab is closer to what people see.")
    ] = "rgb",
    backend: Annotated[str, typer.Option(metavar="B", help="k-means backend.")] = "numpy-lloyd",
    output: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Write the picture with its transparency.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", help="Number of random pixels to find the colours from.")
    ] = None,
    iterations: Annotated[int, typer.Option(metavar="N", help="Lloyd iterations.")] = 25,
    threads: Annotated[int | None, typer.Option(metavar="T", help="Number of threads; default: all cores.")] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Random seed.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Reduce a picture to k colours, and measure how close the result is to the original.

    [bold]Examples[/bold]

    kmbench quantize photo.jpg --k 16 --output photo-16.png

    kmbench quantize logo.png --k 8 --space lab --json

    To compare backends on this task: kmbench run --workload palette --data photo.jpg --k 16
    """
    from kmbench.cli.outputs import check_writable, write_bytes
    from kmbench.colour import quantize
    from kmbench.errors import OutputError

    if output is not None and output.suffix.lower() != ".png":
        raise OutputError(f"--output {output}: not a .png file", "use the suffix .png: other formats change colours")
    check_writable("--output", output)
    result = quantize(
        image,
        k,
        space=space,  # type: ignore[arg-type]  # the function refuses others
        backend=backend,
        sample=sample,
        iterations=iterations,
        seed=seed,
        threads=threads,
    )
    if output is not None:
        write_bytes("--output", output, result.png)
    if as_json:
        print(json.dumps(_as_object(result, output), indent=1))  # noqa: T201
    else:
        print_palette(Console(highlight=False), result, output)


def _as_object(result: QuantizeResult, output: Path | None) -> dict[str, object]:
    from kmbench.colour.spaces import hexadecimal

    exact = result.psnr_db == float("inf")
    return {
        "colours": len(result.palette),
        "palette": hexadecimal(result.palette),
        "shares": [round(share, 6) for share in result.shares.tolist()],
        "space": result.space,
        "backend": result.backend,
        "exact": exact,
        "psnr_db": None if exact else result.psnr_db,
        "ssim": result.ssim,
        "delta_e": result.delta_e,
        "colours_before": result.colours_before,
        "file_bytes": result.file_bytes,
        "source_bytes": result.source_bytes,
        "width": result.pixels.shape[1],
        "height": result.pixels.shape[0],
        "output": None if output is None else str(output),
        **notes_as_json(result.notes),
    }


def print_palette(console: Console, result: QuantizeResult, output: Path | None) -> None:
    """Print the colours with their shares, and how close the picture comes."""
    from kmbench.colour.spaces import hexadecimal
    from kmbench.wording import bytes_text

    height, width = result.pixels.shape[:2]
    names = hexadecimal(result.palette)
    console.print(
        f"{width} x {height}, {result.colours_before:,} colours → {len(names)}, {result.backend}, {result.space}",
        style="bold",
    )
    console.print(_swatch(names, result.shares.tolist()))
    for start in range(0, min(len(names), MOST_LISTED), 4):
        row = Text()
        for place in range(start, min(start + 4, len(names), MOST_LISTED)):
            row.append("██ ", style=names[place])
            row.append(f"{names[place]} {100 * result.shares[place]:4.1f}%   ")
        row.rstrip()
        console.print(row)
    if len(names) > MOST_LISTED:
        console.print(f"… and {len(names) - MOST_LISTED} more", style="dim")
    exact = result.psnr_db == float("inf")
    facts = ["the same picture" if exact else f"PSNR {result.psnr_db:.2f} dB"]
    if result.ssim is not None and not exact:
        facts.append(f"SSIM {result.ssim:.4f}")
    if not exact:
        facts.append(f"ΔE {result.delta_e:.2f}")
    source = "" if result.source_bytes is None else f" ({bytes_text(result.source_bytes)} before)"
    console.print(", ".join([*facts, f"{bytes_text(result.file_bytes)} as PNG{source}"]))
    print_notes(console, result.notes)
    if output is not None:
        console.print(f"written  {output}", soft_wrap=True)


def _swatch(names: list[str], shares: list[float]) -> Text:
    """Return a bar in the colours of the palette, each as wide as its share."""
    bar, done, drawn = Text(), 0.0, 0
    for name, share in zip(names, shares, strict=True):
        done += share
        wide = round(done * SWATCH_WIDTH) - drawn
        drawn += wide
        bar.append("█" * wide, style=name)
    return bar
