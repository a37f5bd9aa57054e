"""What is told beside the frontier: kinds of index, numbers of lists, filters, rules for probes, other searches."""

from __future__ import annotations

from kmbench.tuning.choice.filtered import FilterAnswer
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.index.kinds import reranks
from kmbench.wording import seconds_text

__all__ = [
    "FILTER_HEADINGS",
    "KIND_HEADINGS",
    "SWEPT_HEADINGS",
    "extra_sentences",
    "filter_rows",
    "filter_sentences",
    "kind_rows",
    "swept_rows",
]

KIND_HEADINGS = ("measured", "nlist", "nprobe", "recall", "one query", "in a batch", "bytes/vector")
SWEPT_HEADINGS = ("nlist", "nprobe", "scanned", "its p99", "expected", "trained in full")
FILTER_HEADINGS = ("filter", "rows", "recall", "short", "nprobe", "recall", "short", "one query", "exact scan")

Rows = list[tuple[list[str], bool]]


def kind_rows(result: TuneResult) -> Rows:
    """Return the measured setting of each kind of index that reaches the target; the recommended one is marked."""
    found = []
    for one in result.timed_kinds:
        option = one.option
        factor = f" x{option.k_factor}" if reranks(option.index) else ""
        cells = [
            f"{option.index}{factor}",
            str(option.nlist),
            str(option.nprobe),
            f"{option.recall:.3f}",
            seconds_text(one.measured.single),
            seconds_text(one.measured.batch),
            f"{option.memory_bytes / result.n:,.0f}",
        ]
        found.append((cells, option.key == result.choice.option.key))
    return found


def swept_rows(result: TuneResult) -> Rows:
    """Return the numbers of lists that were compared, at the target on lists that were trained cheaply."""
    found = []
    for one in result.swept:
        cells = [
            str(one.nlist),
            str(one.nprobe),
            f"{one.scanned:,.0f}",
            f"{one.scanned_p99:,.0f}",
            seconds_text(one.mean_seconds),
            "yes" if one.finalist else "",
        ]
        found.append((cells, one.nlist == result.choice.option.nlist))
    return found


def filter_rows(result: TuneResult) -> Rows:
    """Return a row for each filter: at the nprobe without it, and at the one that reaches the target under it."""
    found = []
    for one in result.filters:
        cells = [
            one.name,
            share_text(one.share),
            f"{one.unfiltered.recall:.3f}",
            share_text(one.unfiltered.short),
        ]
        if one.reached is None:
            cells += ["none", "", "", seconds_text(one.unfiltered.single)]
        else:
            reached = one.reached
            cells += [str(reached.nprobe), f"{reached.recall:.3f}", share_text(reached.short)]
            cells += [seconds_text(reached.single)]
        found.append(([*cells, seconds_text(one.exact_seconds)], False))
    return found


def filter_sentences(result: TuneResult) -> list[str]:
    """Say what the columns of the filters are, and where no index is needed."""
    if not result.filters:
        return []
    option, k = result.choice.option, result.asked.at
    found = [
        f"Filters: recall at nprobe={option.nprobe}, which is chosen without a filter, and the nprobe that reaches "
        f"{result.asked.recall:g} under it. Short: share of the queries that get fewer than {k} answers."
    ]
    return found + [_exact_sentence(one, result.n) for one in result.filters]


def _exact_sentence(one: FilterAnswer, n: int) -> str:
    served = one.reached or one.unfiltered
    limit = share_text(one.exact_below_rows / n)
    if one.exact_seconds < served.single:
        return (
            f"{one.name}: scan the {one.rows:,} allowed rows without the index, which is faster and exact (below "
            f"about {limit} of the rows)."
        )
    return f"{one.name}: below about {limit} of the rows an exact scan of the allowed ones would be faster."


def extra_sentences(result: TuneResult) -> list[str]:
    """Say what a rule for the probes saves, what fewer neighbours find, and what a range search does."""
    found, option = [], result.choice.option
    if result.probes is not None:
        promise, measured = result.probes.promise, result.probes.measured
        found.append(
            f"Probes by the rule {promise.probes.rule} (experimental): recall {promise.recall:.3f}, scanned "
            f"{promise.scanned:,.0f} instead of {option.scanned:,.0f}, p99 {promise.scanned_p99:,.0f} instead of "
            f"{option.scanned_p99:,.0f}; {seconds_text(measured.single)} for one query and "
            f"{seconds_text(measured.batch)} in a batch instead of {seconds_text(result.measured.single)} and "
            f"{seconds_text(result.measured.batch)}."
        )
    if len(result.recall_at) > 1:
        told = ", ".join(f"@{k} {recall:.3f}" for k, recall in sorted(result.recall_at.items()))
        found.append(f"Recall at this setting: {told}.")
    if result.range_search is not None:
        one = result.range_search
        if one.nprobe is None:
            found.append(f"No row lies within the radius {one.radius:g} of a query.")
        else:
            found.append(
                f"Within the radius {one.radius:g} lie {one.rows:,.3g} rows of a query on average: nprobe="
                f"{option.nprobe} finds {share_text(one.at_chosen)} of them, {result.asked.recall:g} take nprobe="
                f"{one.nprobe}."
            )
    return found


def share_text(share: float) -> str:
    """Write a share of rows or queries with three digits: ``38.4%``."""
    return f"{100 * share:.3g}%"
