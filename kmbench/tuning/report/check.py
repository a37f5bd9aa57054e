"""What ``--check`` found, in a sentence and in rows: then beside now."""

from __future__ import annotations

from kmbench.tuning.deployment.judgement import CheckResult
from kmbench.tuning.problem.device import device_text
from kmbench.wording import seconds_text

__all__ = ["check_rows", "check_sentence"]


def check_sentence(found: CheckResult) -> str:
    """Say whether the saved index still does what it was chosen for."""
    recipe = found.recipe
    under = "" if found.today.filter_name is None else f" under {found.today.filter_name}"
    now = f"recall@{recipe.at}{under} is {found.recall:.3f} ({found.recall_low:.3f} to {found.recall_high:.3f})"
    if not found.recall_met:
        return f"The target {recipe.recall_target:g} is no longer met: {now}. Tune again on today's data."
    if not found.latency_met:
        limit = f"{recipe.max_latency_ms:g} ms"
        return f"The latency limit of {limit} is no longer met: p95 {seconds_text(found.today.measured.p95)}."
    return f"The target {recipe.recall_target:g} is met: {now}."


def check_rows(found: CheckResult) -> list[tuple[str, str, str]]:
    """Return rows of a name, what the recipe promised, and what was measured today."""
    recipe, today = found.recipe, found.today
    measured = today.measured
    rows = [
        (f"recall@{recipe.at}", f"{recipe.recall:.3f}", f"{found.recall:.3f}"),
        ("p50, one query", seconds_text(recipe.latency_ms["p50"] / 1e3), seconds_text(measured.p50)),
        ("p95, one query", seconds_text(recipe.latency_ms["p95"] / 1e3), seconds_text(measured.p95)),
        ("queries/s in batches", f"{recipe.queries_per_second:,.0f}", f"{1 / measured.batch:,.0f}"),
        ("rows of the data", f"{recipe.data.n:,}", f"{today.rows:,}"),
        ("vectors in the index", f"{recipe.data.n:,}", f"{today.vectors:,}"),
        ("list imbalance", f"{recipe.lists.imbalance:.2f}", f"{today.imbalance:.2f}"),
    ]
    if "cuda" in (recipe.device, today.device):
        now_on = device_text(today.device, today.gpu)
        rows.append(("searched on", device_text(recipe.device, recipe.gpu), now_on))
    return rows
