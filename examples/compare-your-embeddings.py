# %% [markdown]
# # Compare engines on your embeddings
#
# You cluster embeddings and want to know which engine does it fastest on your machine. This notebook runs with
# plain `pip install kmbench`. With `pip install 'kmbench[cpu]'` FAISS takes part too.

# %%
import numpy as np
from sklearn.datasets import load_digits

import kmbench

# %% [markdown]
# ## Your data
#
# The 1,797 handwritten digits of scikit-learn stand in for your embeddings: a row for each item, a column for
# each dimension. Put `np.load("embeddings.npy")` in their place. Data frames and tensors work as well, and
# `kmbench.run(data="embeddings.parquet", ...)` reads a file.

# %%
X = load_digits().data.astype(np.float32)

# %% [markdown]
# ## The same work for every engine
#
# All engines start from the same centroids, run ten iterations over all rows and label all rows. They run in
# processes of their own, in turns. `quick=True` takes three epochs. Leave it out to measure until the intervals
# are within 5 %, and give several numbers of clusters: `k=[64, 256]`.

# %%
engines = ["numpy-lloyd", "sklearn-lloyd", "faiss-cpu"]
matched = kmbench.run(X, k=32, backends=engines, threads=1, quick=True)
print(matched.answers[0])

# %% [markdown]
# The table has one row for each engine and k. `speedup` is relative to scikit-learn, with its 95 % interval.
# `inertia_ratio` compares the answer with a float64 reference. An exact engine that misses it has the status
# `invalid` and gets no speed-up. An engine that is not installed has the status `unavailable`, and its reason
# names the extra that brings it.

# %%
cells = matched.frame()
print(cells[["label", "status", "fit_predict_seconds", "speedup", "speedup_low", "speedup_high", "inertia_ratio"]])
print(cells.loc[cells["status"] != "ok", ["label", "reason"]])

# %% [markdown]
# ## Each library as its documentation has it
#
# The protocol `native` leaves the defaults of each library on: its own start, its tolerance, its sampling. Then
# speed is only half of the answer, so read the inertia beside it.

# %%
libraries = ["sklearn-lloyd", "sklearn-minibatch"]
native = kmbench.run(X, k=32, backends=libraries, protocol="native", threads=1, repeats=1)
print(native[["label", "fit_predict_seconds", "inertia_ratio", "n_iter"]])

# %% [markdown]
# ## Pass it on
#
# The page holds the answer, every figure, the host, and the commands that repeat the run. It is one file and
# needs no network. The folder of the run keeps every sample.

# %%
matched.save("engines.html")
matched.plot().figure.savefig("speed-ups.png")
print("records", matched.folder)

# %% [markdown]
# Next: [what a verdict means](../docs/how-to/read-a-verdict.md), [all kinds of data](../docs/data.md), and [your
# own functions in the same comparison](../docs/notebook.md).
