"""The answer in sentences, the same in the terminal and on the page."""

from __future__ import annotations

from kmbench.choosing.elbow import ELBOW_METHOD
from kmbench.choosing.result import ChooseResult

__all__ = ["NAMES", "answer", "method_sentences", "pick_sentences"]

NAMES = {
    "silhouette_simplified": "simplified silhouette",
    "silhouette": "silhouette",
    "calinski_harabasz": "Calinski–Harabasz",
    "davies_bouldin": "Davies–Bouldin",
    "bic": "BIC",
    "stability": "stability",
}


def answer(result: ChooseResult) -> str:
    """Return the recommendation in one sentence."""
    if result.recommended is None:
        return f"No clusters here: {result.reason}." if result.reason else "No k stands out in this range."
    agreeing = [NAMES[name] for name in result.agreeing]
    count = f"{len(agreeing)} of {len(result.criteria)} criteria"
    if len(agreeing) > 2:
        return f"Use k = {result.recommended}: {count} agree ({', '.join(agreeing)})."
    verb = "names" if len(agreeing) == 1 else "name"
    return (
        f"The criteria do not agree; k = {result.recommended} has the most votes: {' and '.join(agreeing)} {verb} "
        "it. Check whether another k suits your purpose better."
    )


def pick_sentences(result: ChooseResult) -> list[str]:
    """Say what the other criteria pick, and where the elbow is."""
    by_k: dict[int, list[str]] = {}
    aside: list[str] = []
    for name, pick in result.criteria.items():
        if pick.k is None or not pick.counts:
            where = "" if pick.k is None else f"k = {pick.k}, "
            aside.append(f"{NAMES[name]} ({where}{pick.note})")
        elif pick.k != result.recommended:
            by_k.setdefault(pick.k, []).append(NAMES[name])
    found = []
    if by_k:
        picks = "; ".join(f"k = {k} by {', '.join(names)}" for k, names in sorted(by_k.items()))
        kind = "Picks of the criteria, which always name some k" if result.recommended is None else "Other picks"
        found.append(f"{kind}: {picks}.")
    if aside:
        found.append(f"No vote: {', '.join(aside)}.")
    if result.elbow is not None:
        found.append(f"Elbow at k = {result.elbow}, which has no vote: the point {ELBOW_METHOD}.")
    return found


def method_sentences(result: ChooseResult) -> list[str]:
    """Say what the columns are."""
    return [
        "Inertia: sum of squared distances to the nearest centroid. Simplified silhouette: mean over the rows of "
        "(b - a) / max(a, b), from the distances to the two nearest centroids. Silhouette: the exact one, on "
        "samples of 2,000 rows, ± its standard deviation between samples.",
        "CH: Calinski–Harabasz, higher is better. DB: Davies–Bouldin, lower is better. BIC: of spherical "
        "Gaussians, lower is better. Stability: adjusted Rand index between fits on halves of the rows. Gap: how "
        "much more the log of the inertia falls from one cluster to k than in uniform noise; near or below 0: no "
        "clusters.",
    ]
