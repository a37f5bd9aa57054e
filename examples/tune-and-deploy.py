# %% [markdown]
# # Tune an index and deploy it
#
# You want an IVF index of FAISS that finds nine of ten true neighbours, as fast as possible. This notebook
# chooses its settings, serves it with plain FAISS, and checks it again on new data. It needs FAISS: `pip install
# 'kmbench[cpu]'`.

# %%
import json
import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
from sklearn.datasets import load_digits

import kmbench

# %% [markdown]
# ## Vectors and queries
#
# The handwritten digits of scikit-learn, each moved by up to one pixel to either side: 16,173 vectors of 64
# columns. The last 500 serve as queries. With your own data, load two arrays, or give `tune` the names of two
# files.

# %%
pictures = load_digits().images.astype(np.float32)
shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
moved = np.concatenate([np.roll(pictures, shift, axis=(1, 2)).reshape(len(pictures), -1) for shift in shifts])
moved = np.random.default_rng(0).permutation(moved)
vectors, queries = moved[:-500], moved[-500:]
np.save("vectors.npy", vectors)
np.save("queries.npy", queries)

# %% [markdown]
# ## Choose nlist and nprobe
#
# `recall=0.9` means that the whole 95 % interval of recall@10 must lie at or above 0.9. `save` takes a new
# folder, so remove it before you run this cell again. The times are measured on this machine.

# %%
result = kmbench.tune("vectors.npy", "queries.npy", recall=0.9, at=10, save="deployment")
print(result)
print(result.frame()[["for_recall", "nlist", "nprobe", "recall", "scanned", "recommended"]])

# %% [markdown]
# ## Serve it with plain FAISS
#
# `deployment/index.faiss` is an ordinary FAISS index with nprobe set. A server needs FAISS and NumPy, not
# kmbench. `deployment/serve.py` is a start for one. `recipe.json` says how the index was made and what it was
# measured to do.

# %%
index = faiss.read_index("deployment/index.faiss")
_, found = index.search(queries, 10)
recipe = json.loads(Path("deployment/recipe.json").read_text())
print(f"{index.ntotal} vectors, nlist={recipe['nlist']}, nprobe={recipe['nprobe']}")

# %% [markdown]
# Is the promise kept? An exact search over all vectors tells.

# %%
exact = faiss.IndexFlatL2(vectors.shape[1])
exact.add(vectors)
_, true = exact.search(queries, 10)
recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found.tolist(), true.tolist(), strict=True)])
print(f"recall@10 {recall:.3f}, promised {result.verified_recall:.3f}")

# %% [markdown]
# ## Check it later
#
# Data grows and queries change. `kmbench tune DATA --check deployment` measures the index again. Its exit code is
# 0 where the target is met and 1 where it is not, so the line can stand in a scheduled job.

# %%
check = ["tune", "vectors.npy", "--check", "deployment", "--queries", "queries.npy"]
done = subprocess.run([sys.executable, "-m", "kmbench", *check], capture_output=True, text=True, check=False)
print(done.stdout)
print("the target is met" if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr}")

# %% [markdown]
# Next: [limits of latency and memory, codes, filters](../docs/tuning.md), and [the same index in a
# database](../docs/databases.md).
