"""Pages of sections, each with sentences, a figure and tables: the leaderboard, the trainers, the claims."""

from dataclasses import dataclass, field
from typing import Any

from kmbench.figures.html import PAGE_FILE, render, write_whole
from kmbench.wording import bytes_text, threads_text


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section; a table is a title, headings, and rows of a first cell, the others, and whether it is marked."""

    title: str
    sentences: list[str] = field(default_factory=list)
    figure: Any = None
    caption: str = ""
    csv: str = ""
    tables: list[tuple[str, list[str], list[tuple[str, list[str], bool]]]] = field(default_factory=list)


def write_article(folder, *, name, kicker, answers, facts, sections, origin):
    """Write the page into a folder and return its path."""
    text = render(
        "kmbench.figures", "article.html", name=name, kicker=kicker, answers=answers, facts=facts, sections=sections,
        origin=origin,
    )  # fmt: skip
    return write_whole(folder / PAGE_FILE, text)


def host_facts(run):
    """Return what the head of a page says about the host."""
    host, cell = run.host, run.cells[0] if run.cells else None
    cpu, memory = host.get("cpu") or {}, host.get("memory_bytes")
    facts = [str(cpu["model"])] if isinstance(cpu, dict) and cpu.get("model") else []
    facts += [f"{bytes_text(memory)} of memory"] if isinstance(memory, int) else []
    return facts + ([threads_text(cell.threads)] if cell is not None else [])


def dates_of(runs):
    """Return from when to when the records of runs are."""
    spans = [run.span for run in runs if run.span is not None]
    if not spans:
        return "nothing measured yet"
    first, last = min(a for a, _ in spans)[:10], max(b for _, b in spans)[:10]
    return f"measured {first}" if first == last else f"measured {first} to {last}"
