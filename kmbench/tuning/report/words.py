"""The answer in sentences, the same in the terminal and on the page."""

from __future__ import annotations

from kmbench.tuning.choice.choose import best_at, next_recall
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.choice.settings import Option
from kmbench.tuning.index.kinds import reranks
from kmbench.tuning.problem.device import device_text
from kmbench.tuning.problem.truth import Truth
from kmbench.wording import bytes_text, count_text, seconds_text, threads_text

__all__ = [
    "answer",
    "error_sentence",
    "loosen_sentences",
    "next_sentence",
    "recall_text",
    "setting_text",
    "truth_text",
]

OPTIONS = {
    "recall": "--recall",
    "latency": "--max-latency-ms",
    "memory": "--max-memory",
    "build": "--max-build-seconds",
}


def setting_text(option: Option) -> str:
    """Write a setting: ``nlist=1024, nprobe=12``, with the kind of index where it is not flat."""
    kind = "" if option.index == "flat" else f"{option.index}, "
    factor = f", k_factor={option.k_factor}" if reranks(option.index) else ""
    return f"{kind}nlist={option.nlist}, nprobe={option.nprobe}{factor}"


def recall_text(option: Option) -> str:
    """Write a recall with half its interval: ``0.953 ± 0.004``."""
    half = max(option.recall - option.recall_low, option.recall_high - option.recall)
    return f"{option.recall:.3f} ± {half:.3f}" if half >= 0.0005 else f"{option.recall:.4f}"


def answer(result: TuneResult) -> str:
    """Return the recommendation in one sentence."""
    option, measured, asked = result.choice.option, result.measured, result.asked
    finds = (
        f"recall@{asked.at} {recall_text(option)}, p50 {seconds_text(measured.p50)} and p95 "
        f"{seconds_text(measured.p95)} for one query, {_rate(1 / measured.batch)} queries/s in batches on "
        f"{_place(result)}, {bytes_text(result.memory_bytes)}, built in "
        f"{seconds_text(result.build_seconds)}"
    )
    if result.target_met:
        return f"Use {setting_text(option)}: {finds}."
    return f"No setting meets all limits; the nearest is {setting_text(option)}: {finds}."


def loosen_sentences(result: TuneResult) -> list[str]:
    """Say which constraint stands in the way, and what would do."""
    choice, asked = result.choice, result.asked
    if choice.met:
        return []
    option, found = choice.option, []
    needed = {
        "latency": f"{1.005e3 * result.measured.p95:.3g}",
        "memory": f"{option.memory_bytes / 2**20 + 0.5:.0f}M",
        "build": f"{option.build_seconds + 0.5:.0f}",
    }
    loosen = [f"{OPTIONS[name]} {needed[name]}" for name in choice.broken if name != "recall"]
    if loosen:
        found.append(f"To keep recall {asked.recall:g}, loosen {' and '.join(loosen)}.")
    if "recall" in choice.broken:
        best = f"{int(option.recall_low * 1000) / 1000:g}"
        if result.verified_recall < asked.recall <= option.recall_low:
            other = "" if result.device == "cpu" else ", or use --device cpu"
            found.append(
                f"The curve promised recall {recall_text(option)}, but a search of the finished index found "
                f"{result.verified_recall:.4f}: ask for a little more{other}."
            )
        elif option.index == "flat":
            found.append(
                f"Recall {asked.recall:g} is not certain with {result.queries:,} queries: give more, or ask for "
                f"--recall {best}."
            )
        else:
            more = ""
            if not reranks(option.index) and result.device == "cpu":
                more = f", or use --index {option.index}+refine, which compares the best candidates by whole vectors"
            found.append(f"No nprobe makes up for the loss of the codes: ask for --recall {best}{more}.")
    if choice.within is not None:
        within = choice.within
        found.append(
            f"Within the other limits the best is recall {recall_text(within)} with {setting_text(within)}: "
            f"--recall {int(within.recall_low * 1000) / 1000:g}."
        )
    return found


def next_sentence(result: TuneResult) -> str | None:
    """Say what the next better recall would cost, or None where none is reached."""
    recall = next_recall(max(result.asked.recall, result.choice.option.recall_low))
    if recall is None:
        return None
    option, here = best_at(result.settings, recall), result.choice.option
    if option is None:
        return f"None of the tried settings is certain to reach recall {recall:g}."
    # Both by the model: its errors are alike on both sides.
    times = option.mean_seconds / here.mean_seconds
    cost = f"{times:.2g}x the time" if times >= 1.01 else "no more time"
    more = ""
    if option.memory_bytes > 1.01 * here.memory_bytes:
        more = f" and {bytes_text(option.memory_bytes)} of memory"
    return f"Recall {recall:g} would take {setting_text(option)}: {cost}{more}, by the cost model."


def error_sentence(result: TuneResult) -> str:
    """Say how far the cost model is off where it was not fitted."""
    error = result.single_error
    if error is None:
        return "Every timed setting was needed to fit the cost model: its error is not known."
    batch = result.batch_error
    batches = "" if batch is None else f" (batches: {batch.mean:.0%} and {batch.worst:.0%})"
    settings = count_text(error.points, "setting")
    return (
        f"Times in the table come from a cost model that is off by {error.mean:.0%} on average and {error.worst:.0%} "
        f"at most{batches} at {settings} it was not fitted to; those in the first sentence were measured."
    )


def interval_sentence(result: TuneResult) -> str:
    """Say what the interval rests on."""
    return (
        f"Recall is from {result.queries_text}. The interval applies to similar queries; "
        f"{4 * result.queries:,} queries would halve its width."
    )


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def _place(result: TuneResult) -> str:
    if result.device == "cuda":
        return device_text(result.device, result.gpu)
    return threads_text(result.threads)


def truth_text(truth: Truth) -> str:
    """Say where the true neighbours come from."""
    if truth.file is not None:
        return f"{truth.file}, checked on {truth.checked} queries"
    return "exact search of all rows" + (", kept from an earlier run" if truth.cached else "")
