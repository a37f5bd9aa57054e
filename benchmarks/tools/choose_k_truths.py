"""What `kmbench choose-k` answers on data whose number of clusters is known: docs/choosing-k.md shows the table.

    python benchmarks/tools/choose_k_truths.py

Five kinds of data, five draws of each, all defaults. Right or wrong, as it comes out.
"""

import argparse
import collections

import numpy as np

from kmbench import choose_k

N, DRAWS = 4000, 5


def separated(rng):
    """Ten spherical clusters of equal size, well apart, in 8 dimensions."""
    centres = 6 * rng.normal(size=(10, 8))
    return centres[rng.integers(10, size=N)] + rng.normal(size=(N, 8))


def unbalanced(rng):
    """Eight clusters in 4 dimensions: the largest has 40 % of the rows, the smallest two 2 % each."""
    shares = [0.4, 0.25, 0.15, 0.08, 0.05, 0.03, 0.02, 0.02]
    centres = 7 * rng.normal(size=(8, 4))
    return centres[rng.choice(8, N, p=shares)] + rng.normal(size=(N, 4))


def hierarchical(rng):
    """Four groups of four clusters in 3 dimensions."""
    centres = 20 * rng.normal(size=(4, 1, 3)) + 4 * rng.normal(size=(4, 4, 3))
    return centres.reshape(16, 3)[rng.integers(16, size=N)] + 0.6 * rng.normal(size=(N, 3))


def noise(rng):
    """Uniform noise in 6 dimensions: no clusters."""
    return rng.random((N, 6))


def wide(rng):
    """Fifty clusters in 64 dimensions."""
    centres = rng.normal(size=(50, 64))
    return centres[rng.integers(50, size=N)] + rng.normal(size=(N, 64))


SETS = (
    ("separated", separated, 10, "2:24"),
    ("unbalanced", unbalanced, 8, "2:24"),
    ("hierarchical", hierarchical, 16, "2:24"),
    ("uniform noise", noise, None, "2:24"),
    ("64 dimensions", wide, 50, "32:64:2"),
)


def shown(values):
    """Write answers with how often each was given: `10 x4, 9`."""
    counts = collections.Counter(values).most_common()
    return ", ".join(f"{value or 'none'}{f' x{count}' if count > 1 else ''}" for value, count in counts)


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--draws", type=int, default=DRAWS)
    reader.add_argument("--sets", default=",".join(name for name, *_ in SETS))
    return reader


def main():
    arguments = parser().parse_args()
    print("| data | true k | tried | recommended | right | picks of each criterion | elbow |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for name, make, truth, ks in SETS:
        if name not in arguments.sets.split(","):
            continue
        rng = [np.random.default_rng([2026, draw]) for draw in range(arguments.draws)]
        results = [choose_k(make(one).astype(np.float32), ks, seed=draw) for draw, one in enumerate(rng)]
        answers = [result.recommended for result in results]
        picks = "; ".join(
            f"{criterion}: {shown([result.criteria[criterion].k for result in results])}"
            for criterion in results[0].criteria
        )
        right = sum(answer == truth for answer in answers)
        elbows = shown([result.elbow for result in results])
        cells = (name, truth or "none", ks, shown(answers), f"{right} of {len(answers)}", picks, elbows)
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
