"""What asv costs beside the fits: the suite that reads the runner's records against native classes, same cells.

    python benchmarks/tools/overhead.py FOLDER

Both run one after the other with asv's own settings, in the pinned environment, without storing anything. Prints
Markdown. Takes five minutes.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from environments import HOME, combinations, environment_name, load_config
from machine import register

SUITES = {
    "records": ("benchmarks", r"fit\.Fit\..*\('(numpy-lloyd|sklearn-lloyd|faiss-cpu)'"),
    "native": ("benchmarks/tools/native", r"Native"),
}


def run(folder, suite):
    """Run one suite; return wall seconds, CPU seconds, and the seconds and number of its fits."""
    benchmarks, pattern = SUITES[suite]
    config = load_config()
    pinned = environment_name(config, combinations(config)[0])
    config |= {"repo": str(HOME), "benchmark_dir": str(HOME / benchmarks), "env_dir": str(HOME / config["env_dir"])}
    config |= {"results_dir": str(folder / "results"), "html_dir": str(folder / "html")}
    config["install_command"] = [text.replace("{conf_dir}", str(HOME)) for text in config["install_command"]]
    file = folder / f"{suite}.json"
    file.write_text(json.dumps(config))
    log = folder / f"{suite}.log"
    log.unlink(missing_ok=True)
    options = ["--config", str(file), "HEAD^!", "--env", pinned, "--machine", register(), "--bench", pattern]
    command = [sys.executable, "-m", "asv", "run", *options, "--dry-run", "--show-stderr"]
    environment = os.environ | {"NATIVE_LOG": str(log), "KMBENCH_ASV_LOG": str(log)}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (folder / f"{suite}.txt").open("w") as output:
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=output, stderr=output)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    fits = [json.loads(line) for line in log.read_text().splitlines()]
    return wall, cpu, sum(fits), len(fits)


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("folder", type=Path, metavar="FOLDER")
    return reader


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    print("| suite | wall | CPU | timed calls | inside fits | CPU beside them, per second of fit |")
    print("|---|---:|---:|---:|---:|---:|")
    for suite in SUITES:
        wall, cpu, inside, calls = run(folder, suite)
        print(
            f"| {suite} | {wall:.0f} s | {cpu:.0f} s | {calls} | {inside:.1f} s | {(cpu - inside) / inside:.1f} s |"
        )


if __name__ == "__main__":
    main(parser().parse_args().folder.absolute())
