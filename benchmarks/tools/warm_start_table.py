"""What a start saves: iterations and time of a run of `benchmarks/warm-start.toml`, beside the inertia it reached.

kmbench run benchmarks/warm-start.toml --output FOLDER
python benchmarks/tools/warm_start_table.py FOLDER
"""

import argparse
from pathlib import Path

import pandas as pd

from kmbench import load_cells


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("folder", type=Path)
    return reader


def main():
    cells = load_cells(parser().parse_args().folder)
    lowest = cells.groupby(["dataset", "k"])["inertia"].min()
    for _, case in cells.groupby("case_id", sort=False):
        first = case.iloc[0]
        cap = "" if pd.isna(first["iterations"]) else f", at most {first['iterations']:.0f} iterations"
        print(f"\n**{first['dataset']}  {first['n']:,} x {first['d']}  k={first['k']}{cap}**\n")
        print("| engine | start | iterations on the sample | on all rows | time | inertia above the best |")
        print("|---|---|---|---|---|---|")
        best = lowest[first["dataset"], first["k"]]
        for _, cell in case.iterrows():
            settings = cell["settings"] or {}
            init = cell["parameters"].get("init", "default")
            sample = settings.get("init_n_iter", "")
            above = 100 * (cell["inertia"] / best - 1)
            figures = (sample, f"{cell['n_iter']:.0f}", f"{cell['fit_predict_seconds']:.3f} s", f"{above:.2f} %")
            print(f"| {cell['backend']} | {init} | {' | '.join(map(str, figures))} |")


if __name__ == "__main__":
    main()
