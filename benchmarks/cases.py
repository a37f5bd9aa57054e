"""What asv measures. The list stands here and never in kmbench: asv stores results by a parameter's position, and
a list that changed with the commit under test would file the figures of one backend under the name of another.

Only the standard library is imported at module level: most of asv's processes do nothing but read a record.
"""

import os
from dataclasses import dataclass, field

BACKENDS = ("numpy-lloyd", "sklearn-lloyd", "faiss-cpu", "faiss-gpu")
"""New ones go at the end, which keeps old results."""

DATASETS = {"digits": "digits", "embeddings": "embeddings:n=10000,d=128,rank=24,seed=0"}

CLUSTERS = (16, 128)

IVF_DATASET, IVF_CLUSTERS = "embeddings", 512
IVF_LISTS, IVF_PROBES = (8, 32), (1, 4)

ITERATIONS, THREADS, SEED = 10, 1, 0

DRY = os.environ.get("KMBENCH_ASV_DRY") == "1"
"""Whether nothing is stored, so that one epoch and small inputs will do."""

EPOCHS = 1 if DRY else int(os.environ.get("KMBENCH_ASV_EPOCHS", "3"))
"""Fresh processes for each cell: asv gets the mean of each as one sample."""


@dataclass(frozen=True)
class Case:
    """Cells that take turns in one run of kmbench.

    Attributes
    ----------
    baseline : str
        Backend whose time in the same epochs the others are divided by.
    """

    name: str
    data: str
    k: int
    backends: str
    baseline: str
    arguments: tuple[str, ...] = field(default=())

    def command(self, output):
        """Return the arguments of `kmbench run`, as all commits since its first have understood them."""
        return [
            *("run", "--data", self.data, "--k", self.k, "--backends", self.backends, "--baseline", self.baseline),
            *("--iterations", ITERATIONS, "--threads", THREADS, "--seed", SEED, "--repeats", EPOCHS),
            *("--output", output, "--no-report", "--json", *self.arguments),
        ]


def fit_case(dataset, k):
    """Return the case in which all backends train the same k centroids."""
    return Case(f"{dataset}-{k}", DATASETS[dataset], k, ",".join(BACKENDS), "sklearn-lloyd")


def ivf_case():
    """Return the case in which assignments probe an index over the centroids, against FAISS without one."""
    lists, probes = (",".join(map(str, values)) for values in (IVF_LISTS, IVF_PROBES))
    backends = f"faiss-cpu,faiss-ivf[nlist={lists};nprobe={probes}]"
    return Case("ivf", DATASETS[IVF_DATASET], IVF_CLUSTERS, backends, "faiss-cpu")
