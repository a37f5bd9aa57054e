# %% [markdown]
# # A plug-in backend
#
# kmbench can compare an engine that it does not know. A plug-in is one class in a package of yours, and one entry
# point. Here the engine is SciPy's `kmeans2`.

# %%
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import kmbench
from kmbench import Backend, FitResult, Traits

# %% [markdown]
# ## The class
#
# The runner calls `prepare`, `fit`, `result` and `assign` in a process of its own, and times `fit` and `assign`.
# The engine is imported in `prepare`, so that `kmbench backends` works where it is not installed. `exact=True`
# means that the answer must reach the inertia of the float64 reference.


# %%
class ScipyKmeans2(Backend):
    name = "scipy-kmeans2"
    summary = "SciPy's kmeans2"
    requires = ("scipy",)  # import names
    distributions = ("scipy",)  # packages that give the version
    install = "pip install scipy"
    traits = Traits(exact=True, empty_clusters="keep")

    def prepare(self, X, job):  # not timed as fit
        from scipy.cluster import vq

        self._X, self._job, self._vq = X, job, vq

    def fit(self):  # timed; each call starts afresh
        job, own_start = self._job, self._job.init is None  # native runs give no start
        start = {"k": job.k, "minit": "++", "seed": job.seed} if own_start else {"k": job.init, "minit": "matrix"}
        self._iterations = job.iterations or 10
        self._centroids, _ = self._vq.kmeans2(self._X, iter=self._iterations, **start)

    def result(self):
        return FitResult(centroids=self._centroids, n_iter=self._iterations)

    def assign(self, X):  # timed on its own
        return self._vq.vq(X, self._centroids)[0].astype(np.int32)


# %% [markdown]
# ## The package
#
# kmbench finds backends by the entry point group `kmbench.backends`. A module and a `pyproject.toml` are enough.
# In your own repository you write the two files by hand.

# %%
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "scipy-kmeans2-for-kmbench"
version = "1.0"
dependencies = ["kmbench", "scipy"]

[project.entry-points."kmbench.backends"]
scipy-kmeans2 = "scipy_kmeans2:ScipyKmeans2"

[tool.hatch.build.targets.wheel]
include = ["scipy_kmeans2.py"]
"""
package = Path("scipy-kmeans2")
package.mkdir(exist_ok=True)
(package / "pyproject.toml").write_text(PROJECT)
imports = "import numpy as np\nfrom kmbench import Backend, FitResult, Traits\n\n\n"
(package / "scipy_kmeans2.py").write_text(imports + inspect.getsource(ScipyKmeans2))

# %% [markdown]
# Usually `pip install ./scipy-kmeans2` follows. To leave your environment as it is, this notebook installs the
# package into the folder `plugins` and puts that on Python's path.

# %%
install = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", "plugins", f"./{package}"]
subprocess.run([sys.executable, *install], check=True)
paths = [str(Path("plugins").resolve()), *filter(None, [os.environ.get("PYTHONPATH")])]
environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run_kmbench(*arguments):
    command = [sys.executable, "-m", "kmbench", *arguments]
    print(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


# %% [markdown]
# ## Compare it
#
# The command line knows the backend now.

# %%
run_kmbench("backends", "scipy-kmeans2")

# %%
run_kmbench(
    "run", "--data", "digits", "--k", "10", "--backends", "scipy-kmeans2,sklearn-lloyd", "--threads", "1", "--quick"
)

# %% [markdown]
# The records are data like those of every run.

# %%
newest = max(Path("results", "run").iterdir())
cells = kmbench.load_cells(newest)
print(cells[["label", "status", "fit_predict_seconds", "speedup", "inertia_ratio"]])

# %% [markdown]
# Next: [parameters, devices and what a case may refuse](../docs/backends.md#adding-one). For a function that you
# only want to try once, no class is needed:
# [`kmbench.compare_callables`](../docs/notebook.md#compare-your-own-functions).
