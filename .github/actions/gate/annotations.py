"""Print an annotation for each cell that failed or is blind, in the commands of GitHub's runner.

    python3 annotations.py gate.json

GitHub shows ten errors and ten warnings of a step; the tenth says how many more there are.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

SHOWN = 10


def annotations(found: dict) -> Iterator[str]:
    """Yield the lines for what `kmbench gate --json` printed."""
    failing = [cell for cell in found["cells"] if cell["outcome"] == "regression" and not cell["rule"]["tracked"]]
    blind = [cell for cell in found["cells"] if cell["outcome"] == "blind"]
    yield from listed("error", failing)
    yield from listed("warning", blind)


def listed(level: str, cells: list[dict]) -> Iterator[str]:
    for number, cell in enumerate(cells, start=1):
        if number == SHOWN and len(cells) > SHOWN:
            yield command(level, "kmbench gate", f"{len(cells) - SHOWN + 1} more cells stand in the summary")
            return
        told = [f"{one['figure']}: {one['text']}" for one in cell["findings"] if one["worse"] or level == "warning"]
        yield command(level, f"kmbench gate: {cell['label']}", f"{cell['case']}: {'; '.join(told)}")


def command(level: str, title: str, text: str) -> str:
    return f"::{level} title={escaped(title).replace(':', '%3A').replace(',', '%2C')}::{escaped(text)}"


def escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


if __name__ == "__main__":
    for line in annotations(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        print(line)
