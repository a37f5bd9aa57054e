"""What a database was measured to do, in sentences and rows: the same in the terminal and on the page."""

from __future__ import annotations

from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.deployment.check_database import DatabaseCheck
from kmbench.tuning.report.words import OPTIONS, recall_text
from kmbench.tuning.targets.there import Spot, There
from kmbench.wording import bytes_text, count_text, seconds_text

__all__ = [
    "database_check_rows",
    "database_check_sentence",
    "there_answer",
    "there_headings",
    "there_rows",
    "there_sentences",
]


def setting_there(there: There, nprobe: int) -> str:
    """Write a setting by the names that the database has for it: ``lists=1024, ivfflat.probes=12``."""
    factor = f", refine_factor={there.promise.k_factor}" if there.promise.kind.refine else ""
    return f"{there.lists_name}={there.promise.nlist}, {there.probes_name}={nprobe}{factor}"


def there_answer(result: TuneResult, there: There) -> str:
    """Return the recommendation for the database in one sentence."""
    option, at = result.choice.option, result.asked.at
    if not there.measured:
        return (
            f"Start with {setting_there(there, option.nprobe)} in {there.title}: not measured there "
            f"({there.why_not}). kmbench's lists promise recall@{at} {recall_text(option)}."
        )
    if there.chosen is None:
        best = max(there.spots, key=lambda one: one.recall)
        return (
            f"None of the searched numbers of probes reaches recall {result.asked.recall:g} in {there.title}: the "
            f"best is {_found(best)} with {setting_there(there, best.nprobe)}."
        )
    spot = there.chosen
    parts = [f"recall@{at} {_found(spot)} found by searching"]
    if spot.promised is not None:
        parts.append(f"{spot.promised:.4f} promised")
    if there.times_count:
        parts.append(f"p50 {seconds_text(spot.p50)} and p95 {seconds_text(spot.p95)} for one query")
        size = "" if there.build.bytes is None else f"{bytes_text(there.build.bytes)}, "
        parts.append(f"index {size}built in {seconds_text(there.build.seconds)}")
    verb = "Use" if there.met else "The target is not met; the nearest is"
    return f"{verb} {setting_there(there, spot.nprobe)} in {there.title}: {', '.join(parts)}."


def there_sentences(result: TuneResult, there: There) -> list[str]:
    """Say what stands behind the answer."""
    if not there.measured:
        return _unmeasured_sentences(there)
    found = []
    promised = there.promise.nprobe
    spot = there.chosen
    at_promised = there.spot(promised)
    if spot is not None and at_promised is not None and spot.nprobe != promised:
        found.append(
            f"The promised {there.probes_name}={promised} comes to recall {at_promised.recall:.4f} with its lists; "
            f"{spot.nprobe} is the smallest number that is certain to reach {result.asked.recall:g} there."
        )
    if there.chosen is not None and there.broken:
        found.append(f"It does not meet {' and '.join(OPTIONS[name] for name in there.broken)} there.")
    own = "its own k-means, which differs for every build"
    whose = "kmbench's centroids" if there.centroids == "kmbench" else own
    versions = ", ".join(f"{name} {version}" for name, version in (there.versions or {}).items())
    found.append(f"{versions}; lists of {whose}; {count_text(there.queries, 'query').replace('querys', 'queries')}.")
    curves = [one.curve for one in there.builds if one.curve is not None]
    if len(curves) > 1:
        recalls = [float(curve.recall[promised - 1]) for curve in curves]
        found.append(
            f"Over {len(curves)} builds the recall at {promised} probes is {min(recalls):.4f} to {max(recalls):.4f}; "
            "the table is of the last one, which was searched."
        )
    if there.times_count and there.model is not None:
        found.append(_model_sentence(there))
    if there.times_count:
        found += there.facts
        found.append(
            f"FAISS takes p50 {seconds_text(result.measured.p50)} for nlist={there.promise.nlist}, "
            f"nprobe={promised} on this host."
        )
    if there.table is not None:
        found.append(f"All {result.n + _held_out(result):,} rows are in {there.table}.")
    return found


def _held_out(result: TuneResult) -> int:
    return result.queries if "drawn from the data" in result.queries_text else 0


def _unmeasured_sentences(there: There) -> list[str]:
    if there.target == "milvus":
        return [
            "Milvus trains the lists of each segment with its own k-means: with one segment the recall is near "
            "the promised one; with S segments a search scans S times as many lists."
        ]
    if there.centroids == "own":
        return [
            f"{there.title} trains different lists with its own k-means, so the recall there is different and "
            "not known."
        ]
    return []


def _model_sentence(there: There) -> str:
    model, error = there.model, there.model_error
    assert model is not None
    fixed = model.overhead_seconds + model.list_seconds * there.promise.nlist
    off = (
        "" if error is None else f", off by {error.worst:.0%} at most at {count_text(error.points, 'other setting')}"
    )
    return (
        f"Its time for one query is {seconds_text(fixed)} + {seconds_text(model.probe_seconds)} per probe + "
        f"{seconds_text(model.vector_seconds)} per scanned vector, fitted there{off}."
    )


def there_headings(there: There) -> tuple[str, ...]:
    """Return the headings of `there_rows`."""
    times = ("p50", "p95") if there.times_count else ()
    return (there.probes_name, "promised", "its lists", "difference", "found", "scanned, promised", "there", *times)


def there_rows(there: There) -> list[tuple[str, list[str], bool]]:
    """Return a row for each setting that was searched: probes, cells, and whether it is the chosen one."""
    found = []
    for one in there.spots:
        lists = one.of_lists if one.of_lists is not None else one.recall
        cells = [
            _four(one.promised),
            _four(one.of_lists),
            "" if one.promised is None else f"{lists - one.promised:+.4f}",
            f"{one.recall:.4f}" + ("" if one.by_index else " (forced)"),
            _count(one.promised_scanned),
            _count(one.scanned),
        ]
        cells += [seconds_text(one.p50), seconds_text(one.p95)] if there.times_count else []
        chosen = there.chosen is not None and one.nprobe == there.chosen.nprobe
        found.append((f"{one.nprobe:,}", cells, chosen))
    return found


def _four(recall: float | None) -> str:
    return "" if recall is None else f"{recall:.4f}"


def _count(scanned: float | None) -> str:
    return "" if scanned is None else f"{scanned:,.0f}"


def _found(spot: Spot) -> str:
    return f"{spot.recall:.4f} ({spot.recall_low:.3f} to {spot.recall_high:.3f})"


def database_check_sentence(found: DatabaseCheck) -> str:
    """Say whether a table still does what it was chosen for, and how many probes would."""
    recipe, target = found.recipe, found.target
    interval = f"{found.recall_low:.3f} to {found.recall_high:.3f}"
    now = f"recall@{recipe.at} of {target.table} is {found.recall:.3f} ({interval})"
    if not found.recall_met:
        more = "Tune again on today's data."
        if found.needed is not None:
            more = f"Its lists need {found.needed:,} probes for it today, or tune again."
        return f"The target {recipe.recall_target:g} is no longer met: {now}. {more}"
    if not found.latency_met:
        assert found.latency_ms is not None
        limit = f"{recipe.max_latency_ms:g} ms"
        return f"The latency limit of {limit} is no longer kept: p95 {seconds_text(found.latency_ms['p95'] / 1e3)}."
    return f"The target {recipe.recall_target:g} is met: {now}."


def database_check_rows(found: DatabaseCheck) -> list[tuple[str, str, str]]:
    """Return rows of a name, what was measured when the index was built, and what was measured today."""
    recipe, then = found.recipe, found.target
    rows = [(f"recall@{recipe.at}", "" if then.recall is None else f"{then.recall:.3f}", f"{found.recall:.3f}")]
    for name in ("p50", "p95"):
        was, today = then.latency_ms, found.latency_ms
        if today is not None:
            earlier = "" if was is None else seconds_text(was[name] / 1e3)
            rows.append((f"{name}, one query", earlier, seconds_text(today[name] / 1e3)))
    rows.append(("rows of the table", f"{recipe.data.n:,}", f"{found.rows:,}"))
    rows.append(("vectors scanned", _count(then.scanned_vectors), _count(found.scanned)))
    before, now = ("" if one is None else f"{one:.2f}" for one in (then.imbalance, found.imbalance))
    rows.append(("list imbalance", before, now))
    rows.append(("probes for the target", f"{then.nprobe:,}", "" if found.needed is None else f"{found.needed:,}"))
    return rows
