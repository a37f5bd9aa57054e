"""``--check`` for a database: what its table does today, beside what the recipe says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kmbench.datasets import materialise
from kmbench.errors import DataError, TuneError
from kmbench.notes import Note, note, notes_as_json
from kmbench.runner.scratch import scratch_folder
from kmbench.tuning.deployment.recipe import Recipe, TargetRecipe
from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.index.training import assign_rows
from kmbench.tuning.problem.faiss_here import need_faiss
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.problem.truth import Progress, exact_neighbours
from kmbench.tuning.recall.curve import Curve, one_pass
from kmbench.tuning.recall.interval import recall_interval
from kmbench.tuning.targets.base import Lists, Target, Task
from kmbench.tuning.targets.curves import centroids_digest, into_space, quantizer_of
from kmbench.tuning.targets.registry import TargetChoice, read_target

__all__ = ["DatabaseCheck", "check_database", "database_of"]

WARM = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatabaseCheck:
    """What a table does today.

    Attributes
    ----------
    recipe : Recipe
    target : TargetRecipe
    recall, recall_low, recall_high : float
        Found by searching, with its 95 % interval.
    rows : int
        Of the table.
    curve : Curve or None
        Of the lists that the table's index has today, over today's rows.
    imbalance : float or None
    latency_ms : dict or None
    needed : int or None
        Fewest probes that would be sure of the target today, where the curve tells.
    latency_met : bool
    versions : dict
    notes : tuple of Note
    """

    recipe: Recipe
    target: TargetRecipe
    recall: float
    recall_low: float
    recall_high: float
    rows: int
    curve: Curve | None
    imbalance: float | None
    latency_ms: dict[str, float] | None
    needed: int | None
    latency_met: bool
    versions: dict[str, str]
    notes: tuple[Note, ...]

    @property
    def recall_met(self) -> bool:
        """Whether the recall is at least the target."""
        return self.recall >= self.recipe.recall_target

    @property
    def target_met(self) -> bool:
        """Whether the table still does what was asked of it."""
        return self.recall_met and self.latency_met

    @property
    def scanned(self) -> float | None:
        """Vectors compared per query today."""
        return None if self.curve is None else float(self.curve.scanned[self.target.nprobe - 1])

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--check --json`` prints."""
        return {
            "target": self.target.name,
            "table": self.target.table,
            "nlist": self.recipe.nlist,
            "nprobe": self.target.nprobe,
            "recall": self.recall,
            "recall_low": self.recall_low,
            "recall_high": self.recall_high,
            "recall_then": self.target.recall,
            "recall_target": self.recipe.recall_target,
            "latency_ms": self.latency_ms,
            "rows": self.rows,
            "rows_then": self.recipe.data.n,
            "imbalance": self.imbalance,
            "imbalance_then": self.target.imbalance,
            "scanned_vectors": self.scanned,
            "scanned_vectors_then": self.target.scanned_vectors,
            "nprobe_needed": self.needed,
            "target_met": self.target_met,
            **notes_as_json(self.notes),
        }


def database_of(recipe: Recipe, text: str | None) -> TargetChoice:
    """Return the database that a recipe is for, as the user names it today.

    Raises
    ------
    TuneError
        If it is another kind of database.
    """
    assert recipe.target is not None
    choice = read_target(text or recipe.target.name)
    if choice is None or choice.cls.name != recipe.target.name:
        raise TuneError(
            f"--target: the folder was saved for {recipe.target.name}", f"give --target {recipe.target.name}"
        )
    return choice


def check_database(
    recipe: Recipe,
    choice: TargetChoice,
    queries: str,
    *,
    progress: Progress = lambda what, share: None,
) -> DatabaseCheck:
    """Measure recall and latency of the table that a recipe is for, as it is today.

    Parameters
    ----------
    recipe : Recipe
        With a target.
    choice : TargetChoice
        From `database_of`; its ``table`` replaces that of the recipe.
    queries : str
        SPEC of the queries.
    progress : callable

    Raises
    ------
    KmbenchError
        If the database, the table or the queries are not those of the recipe.
    """
    need_faiss()
    assert recipe.target is not None
    table = choice.params.table or recipe.target.table
    told = recipe.target.model_copy(update={"table": table})
    kind = parse_kinds(recipe.index, recipe.data.d, recipe.data.n)[0]
    task = Task(kind=kind, metric=recipe.metric, n=recipe.data.n, d=recipe.data.d, k=recipe.at)
    with scratch_folder() as scratch:
        progress("queries", 0.0)
        asked = materialise(queries, scratch)
        if asked.d != recipe.data.d:
            raise DataError(
                f"the queries in {queries} have {asked.d} columns, the index has {recipe.data.d}",
                "give queries of the same model",
            )
        raw: FloatMatrix = np.load(asked.path)
    # A table of the user's is read: its name is not one that is to be made.
    target = TargetChoice(choice.cls, choice.params.model_copy(update={"table": None})).open(task)
    why_not = target.why_not_measured()
    if why_not is not None:
        raise TuneError(f"--check cannot reach the database: {why_not}", f"give --target {told.name}[…]")
    with target:
        return _checked(target, recipe, told, raw, progress)


def _checked(
    target: Target, recipe: Recipe, told: TargetRecipe, raw: FloatMatrix, progress: Progress
) -> DatabaseCheck:
    progress("reading the table", 0.0)
    standing = target.attach(told.table, recipe.nlist)
    if len(standing.X) < recipe.at:
        raise TuneError(
            f"{told.table} holds {len(standing.X)} rows, fewer than the {recipe.at} neighbours per query",
            "fill it first",
        )
    if standing.X.shape[1] != recipe.data.d:
        raise TuneError(f"{told.table} has {standing.X.shape[1]} columns, the recipe has {recipe.data.d}")
    space = Space(metric=recipe.metric)
    if recipe.transform == "centering":
        space = replace(space, shift=standing.X.mean(axis=0, dtype=np.float64).astype(np.float32))
    base, queries = np.ascontiguousarray(space.apply(standing.X)), np.ascontiguousarray(space.apply(raw))
    truth = exact_neighbours(base, queries, recipe.at, space, progress)
    curve, imbalance = None, None
    if standing.lists is not None:
        curve, imbalance = _curve(standing.lists, base, queries, truth.ids, space, recipe.at)
    progress("search of the table", 0.0)
    answers = target.search(np.ascontiguousarray(raw), told.nprobe, recipe.k_factor, warm=WARM)
    order = np.argsort(standing.ids, kind="stable")
    known = standing.ids[order]
    if len(np.unique(known)) < len(known):
        raise TuneError(f"{told.table} holds rows with the same id", "make its ids unique")
    places = np.minimum(np.searchsorted(known, answers.ids), len(known) - 1)
    found = np.where((answers.ids >= 0) & (known[places] == answers.ids), order[places], -1)
    each = per_query_recall(found, truth.ids, recipe.at)
    mean, square = np.array([each.mean()]), np.array([np.square(each).mean()])
    low, high = (float(bound[0]) for bound in recall_interval(mean, square, len(each), recipe.at))
    times = None
    if target.times_count:
        shares = np.percentile(answers.seconds, (50, 95, 99))
        times = {name: 1e3 * float(one) for name, one in zip(("p50", "p95", "p99"), shares, strict=True)}
    limit = recipe.max_latency_ms
    return DatabaseCheck(
        recipe=recipe,
        target=told,
        recall=float(mean[0]),
        recall_low=low,
        recall_high=high,
        rows=len(standing.X),
        curve=curve,
        imbalance=imbalance,
        latency_ms=times,
        needed=None if curve is None or not target.task.kind.exact else curve.first_at(recipe.recall_target),
        latency_met=limit is None or times is None or times["p95"] <= limit,
        versions=target.versions(),
        notes=tuple(
            _notes(
                recipe, told, standing.lists, len(standing.X), low, high, len(raw), target.title, target.why_hidden
            )
        ),
    )


def _curve(
    lists: Lists, base: FloatMatrix, queries: FloatMatrix, truth: Any, space: Space, k: int
) -> tuple[Curve, float]:
    quantizer = quantizer_of(into_space(lists.centroids, space), lists, space)
    share = lists.sizes / max(1, lists.sizes.sum())
    curve = one_pass(quantizer, queries, truth, assign_rows(quantizer, base), k)
    return curve, float(lists.nlist * np.square(share).sum())


def _notes(
    recipe: Recipe,
    told: TargetRecipe,
    lists: Lists | None,
    rows: int,
    low: float,
    high: float,
    queries: int,
    title: str,
    why_hidden: str,
) -> list[Note]:
    notes = []
    if low < recipe.recall_target <= high:
        notes.append(note("KM312", queries=4 * queries))
    if lists is None:
        notes.append(note("KM333", target=title, why=why_hidden))
    elif told.centroids_digest is not None and centroids_digest(lists.centroids) != told.centroids_digest:
        notes.append(note("KM337"))
    if rows > recipe.data.n:
        notes.append(note("KM338", rows=rows - recipe.data.n))
    return notes
