"""Put published claims to the test: measure the study of each, and render one page of verdicts.

python benchmarks/tools/claims.py measure --host my-host --minutes 10
python benchmarks/tools/claims.py page --host my-host

A claim is a TOML file in benchmarks/claims: its source, what it says in our own words, the figure, and a study that
repeats it at the nearest size that fits. Its runs lie in results/claim-NAME/HOST.
"""

import argparse
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from kmbench.analysis.run import read_run
from kmbench.records import RECORDS_FILE, Status
from kmbench.study import Study
from kmbench.wording import dataset_name, interval_text, ratio_text, seconds_text, times_text

sys.path.insert(0, str(Path(__file__).parent))

from long_study import UNFINISHED, measure_slice
from sections import Section, dates_of, write_article

CLAIMS = Path(__file__).parents[1] / "claims"

MARGIN = 1.05
"""A time that differs by less is not called faster."""

SAME_QUALITY = 0.01
"""Two inertias this close are equal quality."""

HOLDS, IN_PART = "holds", "holds in part"
NOT_HERE, UNTESTABLE = "does not hold here", "cannot be tested here"
NOT_YET = "not measured yet"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim: `least` is the smallest factor that its words promise, in the best case or in each."""

    name: str
    title: str
    source: str
    words: str
    setting: str
    claimed: str
    least: float
    in_each: bool
    engine: str
    over: str
    differs: str
    reason: str | None
    study: Study | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one case says: how many times as fast the engine is, and by how much its inertia lies above the other's.

    `equal` tells whether both gave answers of equal quality: a race to the same inertia, or inertias within 1 %.
    """

    case: str
    equal: bool
    race: bool
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    above: float | None = None
    detail: str = ""

    @property
    def faster(self):
        """Whether the whole interval says so; without an interval the ratio is not enough."""
        return self.low is not None and self.low > MARGIN

    def reaches(self, least):
        """Whether the engine is faster, and the measured factor is at least the figure that was claimed."""
        return self.faster and self.ratio >= least


def read_claim(path):
    """Read a claim from its TOML file."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    claim = values.pop("claim")
    source = claim["source"]
    where = ", ".join(str(source[key]) for key in ("authors", "title", "year", "place") if key in source)
    study = None
    if values:
        name = f"claim-{path.stem}"
        study = Study.build(values | {"name": name, "baseline": claim["over"]}, str(path))
    return Claim(
        name=path.stem,
        title=claim["title"],
        source=where,
        words=claim["words"],
        setting=claim["setting"],
        claimed=claim["claimed"],
        least=float(claim.get("least", MARGIN)),
        in_each=bool(claim.get("in_each", False)),
        engine=claim.get("engine", ""),
        over=claim.get("over", ""),
        differs=claim["differs"],
        reason=claim.get("cannot_be_tested"),
        study=study,
    )


def read_claims(folder=CLAIMS):
    """Read all claims, in the order of their file names."""
    return [read_claim(path) for path in sorted(folder.glob("*.toml"))]


def measured(claim, run):
    """Return what each case of a claim's run says."""
    found = [_of_case(claim, case) for case in run.cases if case.lead.protocol != "target"]
    return [*found, *(_of_race(claim, race) for race in run.races)]


def _of_case(claim, case):
    row = case.lead
    title = f"{dataset_name(row.dataset)}, k={row.k:,}, {row.protocol}"
    rows = {one.label: one for one in case.rows}
    ours, theirs = rows.get(claim.engine), rows.get(claim.over)
    failed = [f"{name}: {_why(row)}" for name, row in ((claim.engine, ours), (claim.over, theirs)) if not _sound(row)]
    if failed:
        return Measured(case=title, equal=False, race=False, detail="; ".join(failed))
    ratio = case.ratio(ours, theirs)
    above = ours.inertia / theirs.inertia - 1 if theirs.inertia else 0.0
    times = f"{seconds_text(ours.fit_predict_seconds)} against {seconds_text(theirs.fit_predict_seconds)}"
    iterations = f"iterations {_count(ours.n_iter)} against {_count(theirs.n_iter)}"
    return Measured(
        case=title,
        equal=above <= SAME_QUALITY,
        race=False,
        ratio=None if ratio is None else ratio.ratio,
        low=None if ratio is None else ratio.low,
        high=None if ratio is None else ratio.high,
        above=above,
        detail=f"{times}; {iterations}",
    )


def _of_race(claim, race):
    title = f"{dataset_name(race.key.dataset)}, k={race.key.k:,}, time to within 1 % of the best inertia"
    # Parameters belong to native runs, so the race has the plain backend.
    names = (claim.engine, claim.engine.partition("[")[0])
    ours = next((one for one in race.contenders if one.label in names), None)
    if ours is None or ours.status is not Status.OK or not ours.times:
        return Measured(case=title, equal=True, race=True, detail=f"{claim.engine}: {_why(ours)}")
    arrival = ours.times[0]
    speedup = arrival.speedup
    detail = f"arrived from {arrival.reached} of {arrival.starts} starts"
    if speedup is None:
        return Measured(case=title, equal=True, race=True, detail=detail)
    return Measured(
        case=title, equal=True, race=True, ratio=speedup.ratio, low=speedup.low, high=speedup.high, detail=detail
    )


def _sound(row):
    return row is not None and row.status is Status.OK


def _why(row):
    return "not measured" if row is None else row.reason or row.status.value


def _count(iterations):
    return "not told" if iterations is None else str(iterations)


def verdict(claim, found):
    """Return the verdict and the reason for it.

    In its own terms a claim is reached where the engine is faster beyond chance, and the measured factor is at least
    the figure that its words promise. It holds where that is so and the engine is faster at equal quality too; in
    part where it is faster in some case; it does not hold here where it is faster in none.
    """
    if claim.reason is not None and not found:
        return UNTESTABLE, claim.reason
    told = [one for one in found if one.ratio is not None]
    own, equal = [one for one in told if not one.race], [one for one in told if one.equal]
    if not told:
        return (UNTESTABLE, found[0].detail) if found else (NOT_YET, "its study has no records on this host")
    if claim.reason is not None:
        return UNTESTABLE, claim.reason
    reached = [one.reaches(claim.least) for one in own]
    in_own_terms = bool(own) and (all(reached) if claim.in_each else any(reached))
    at_equal = bool(equal) and all(one.faster for one in equal)
    if in_own_terms and at_equal:
        return HOLDS, "in its own terms and at equal quality"
    if not any(one.faster for one in told):
        return NOT_HERE, f"{claim.engine} is faster in no case"
    if in_own_terms:
        return IN_PART, "in its own terms; not in each case of equal quality"
    if at_equal:
        return IN_PART, "faster at equal quality, by less than claimed"
    return IN_PART, "faster in some cases, by less than claimed"


def range_of(found):
    """Write the measured factors of several cases, each with its interval."""
    told = [interval_text(one.ratio, one.low, one.high) for one in found if one.ratio is not None]
    return "; ".join(told) if told else "-"


def section_of(claim, found, judged):
    rows = [
        (
            one.case,
            [
                "-" if one.ratio is None else interval_text(one.ratio, one.low, one.high),
                "same target" if one.race else "-" if one.above is None else ratio_text(1 + one.above),
                "yes" if one.equal else "no",
                one.detail,
            ],
            False,
        )
        for one in found
    ]
    headings = ["case", f"{claim.engine} over {claim.over}", "inertia", "equal quality", "measured"]
    sentences = [
        f"Source: {claim.source}.",
        f"It says: {claim.words}",
        f"Its setting: {claim.setting}",
        f"Verdict: {judged[0]}: {judged[1]}.",
        f"What differs: {claim.differs}",
    ]
    return Section(title=claim.title, sentences=sentences, tables=[(claim.title, headings, rows)] if rows else [])


def folder_of(claim, host):
    return Path("results") / f"claim-{claim.name}" / host


def measure(given):
    """Measure the claims in turn until the time is up; return whether all are measured."""
    began = time.monotonic()
    for claim in chosen(given):
        if claim.study is None:
            continue
        left = None if given.minutes is None else given.minutes - (time.monotonic() - began) / 60
        if left is not None and left < 0.6 * given.minutes:
            return False
        folder = folder_of(claim, given.host)
        folder.parent.mkdir(parents=True, exist_ok=True)
        study = folder.parent / f"{claim.name}.toml"
        study.write_text(claim.study.to_toml(), encoding="utf-8")
        try:
            finished = measure_slice(study, folder, left)
        finally:
            study.unlink()
        if not finished:
            return False
    return True


def chosen(given):
    claims = read_claims()
    unknown = set(given.claims) - {claim.name for claim in claims}
    if unknown:
        sys.exit(f"claims.py: no claim {', '.join(sorted(unknown))}: there are {', '.join(c.name for c in claims)}")
    return [claim for claim in claims if not given.claims or claim.name in given.claims]


def page(given):
    rows, sections, runs = [], [], []
    for claim in chosen(given):
        folder, found = folder_of(claim, given.host), []
        if (folder / RECORDS_FILE).exists():
            run = read_run(folder)
            runs.append(run)
            found = measured(claim, run)
        judged = verdict(claim, found)
        own = range_of([one for one in found if not one.race])
        equal = range_of([one for one in found if one.equal])
        rows.append((claim.title, [claim.claimed, own, equal, judged[0], judged[1]], False))
        sections.append(section_of(claim, found, judged))
    counts = {
        name: sum(row[1][3] == name for row in rows) for name in (HOLDS, IN_PART, NOT_HERE, UNTESTABLE, NOT_YET)
    }
    headings = ["claim", "claimed", "measured in its own terms", "measured at equal quality", "verdict", "why"]
    answer = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    aside = (
        f"Factors are times as fast, with 95 % intervals. Equal quality: inertias within 1 %, or the time until both "
        f"are within 1 % of the best known inertia. Faster: the whole interval lies above {times_text(MARGIN)}."
    )
    overview = Section(title="All claims", tables=[("All claims", headings, rows)])
    return write_article(
        given.output,
        name="Published claims, measured here",
        kicker="kmbench claims",
        answers=[(f"{len(rows)} claims: {answer}.", aside)],
        facts=[f"host {given.host}"],
        sections=[overview, *sections],
        origin=dates_of(runs),
    )


def main():
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("do", choices=["measure", "page"])
    reader.add_argument("claims", nargs="*", help="names of claims; default: all")
    reader.add_argument("--host", default="this-host", help="names the folder of the records")
    reader.add_argument("--minutes", type=float, help="of a slice; without it all is measured in one go")
    reader.add_argument("--output", type=Path, default=Path("reports/claims"))
    given = reader.parse_args()
    if given.do == "page":
        print(f"page     {page(given)}")
        return
    sys.exit(0 if measure(given) else UNFINISHED)


if __name__ == "__main__":
    main()
