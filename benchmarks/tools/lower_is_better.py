"""Tell the pages of asv-tachyon that lower is better, which they doubt of every `track_` benchmark.

python benchmarks/tools/lower_is_better.py SITE
"""

import json
import sys
from pathlib import Path


def mark(site):
    """Mark every benchmark of a site that `asv publish` has written."""
    file = site / "index.json"
    index = json.loads(file.read_text())
    for benchmark in index["benchmarks"].values():
        benchmark["less_is_better"] = True
    file.write_text(json.dumps(index))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    mark(Path(sys.argv[1]))
