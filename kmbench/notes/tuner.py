"""Notes about the tuner: ``KM3xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {
    "KM301": NoteKind(
        title="tied neighbours",
        text="{tied:,} of {queries:,} queries have neighbours that tie at place {k}: any of them counts as found",
        explanation="Several vectors are as near as the last neighbour that is asked for, often because the data "
        "holds duplicates. An index may return any of them, so all of them count as right.",
    ),
    "KM302": NoteKind(
        title="queries from the data",
        text="{share:.0%} of the queries are rows of the data: each finds itself, so the recall of real queries is "
        "lower",
        explanation="A query that is a row of the data finds itself in its own list. Queries as your users ask them, "
        "which are not in the data, find fewer of their neighbours at the same nprobe.",
    ),
    "KM303": NoteKind(
        title="thousands of ties",
        text="{cut:,} queries have thousands of neighbours that tie at place {k} (duplicates in the data): for them "
        "recall is a lower bound",
        explanation="Of more neighbours that tie than are kept for a query, some are not counted as right although "
        "they are.",
    ),
    "KM304": NoteKind(
        title="few training rows",
        text="nlist {nlists}: fewer than {rows} training rows per list: centroids follow noise",
        explanation="With few rows for each centroid, k-means fits the sample and not the data. The recall is still "
        "measured right; another number of lists may serve better.",
    ),
    "KM305": NoteKind(
        title="nprobe limit of the GPU",
        text="nlist {nlists}: nprobe above {most:,} is left out, FAISS's GPU indexes search no more lists",
        explanation="FAISS bounds nprobe on the GPU. Settings beyond it are not considered there.",
    ),
    "KM306": NoteKind(
        title="few queries",
        text="{queries} queries give only a rough recall",
        hint="use more queries",
        explanation="The interval of the recall narrows with the square root of the number of queries.",
    ),
    "KM307": NoteKind(
        title="busy host",
        text="other work ran on this host while latency was measured",
        hint="expect lower times on a quiet host",
        explanation="A search waited for a core, also when it was measured again. Its times are too long.",
    ),
    "KM308": NoteKind(
        title="search differs from the curve",
        text="a direct search of the index file found recall {recall:.4f}",
        explanation="The recall of a setting comes from one exact pass and is checked by a search of the index in "
        "another process. Small differences come from codes that tie, or from a GPU's order of sums.",
    ),
    "KM309": NoteKind(
        title="neighbours of another metric",
        text="the neighbours in {file} are for {metric}: not used",
        explanation="The file holds true neighbours under another metric than the one asked for, so they are "
        "searched anew.",
    ),
    "KM310": NoteKind(
        title="too few stored neighbours",
        text="{file} holds {columns} neighbours, too few to see ties at place {k}: an exact search is used instead",
        explanation="To know which vectors are as near as the last neighbour, a file must hold at least one more.",
    ),
    "KM311": NoteKind(
        title="another device",
        text="the index was tuned for another device",
        hint="compare the recall, not the times",
        explanation="Times on a CPU and on a GPU differ by what they are, not by what has changed since.",
    ),
    "KM312": NoteKind(
        title="target within the interval",
        text="the target lies within the interval",
        hint="{queries:,} queries would halve its width",
        explanation="With these queries it cannot be told whether the recall of others like them meets the target.",
    ),
    "KM313": NoteKind(
        title="changed rows",
        text="{share:.0%} of the sampled rows are no longer what was indexed",
        explanation="The recipe holds digests of some rows of the data. Some rows of today's data differ from them.",
    ),
    "KM314": NoteKind(
        title="rows without an entry",
        text="{rows:,} rows of the data are not in the index",
        explanation="The data has more rows than the index holds: what was added since cannot be found.",
    ),
    "KM315": NoteKind(
        title="rows of zeros",
        text="{rows:,} row(s) of the data hold only zeros, which have no direction under cosine: they stay in the "
        "index under their row numbers and count as never found",
        explanation="Taking them out would shift the number of every later row. They are no query's neighbours, and "
        "the centroids are trained without them.",
    ),
    "KM316": NoteKind(
        title="queries of zeros",
        text="{queries:,} of the queries hold only zeros, which have no direction under cosine: they were left out",
        explanation="All rows are equally near to such a query, so no answer to it is right or wrong.",
    ),
    "KM330": NoteKind(
        title="plan without the index",
        text="from {nprobe} probes on PostgreSQL plans a search without the index; these were searched with "
        "enable_seqscan off",
        hint="set enable_seqscan = off where so many probes are used",
        explanation="With many probes the planner expects a sequential scan to be cheaper. Such a search is exact, "
        "and its time is not that of the index.",
    ),
    "KM331": NoteKind(
        title="short answers",
        text="below {name} {nprobe} some of the queries get fewer than {k} rows",
        explanation="The lists nearest to a query can hold fewer rows than are asked for. FAISS fills up with -1, a "
        "database returns fewer rows.",
    ),
    "KM332": NoteKind(
        title="retrained centroids",
        text="{what} train other centroids, with another recall",
        hint="build again by the saved file, and look with --check",
        explanation="The database keeps the centroids it was given as long as the index lives. What makes the index "
        "anew from its rows trains new ones by the database's own k-means.",
    ),
    "KM333": NoteKind(
        title="lists not readable",
        text="the lists of {target} cannot be read ({why}): its recall is known only where it was searched",
        explanation="From the lists themselves the recall of every number of probes follows. Without them it is "
        "measured at some.",
    ),
    "KM334": NoteKind(
        title="rows in other lists",
        text="{rows:,} rows are in another list than that of the nearest centroid: the curve there is not exact",
        explanation="The curve of the lists rests on every row being in the list of its nearest centroid. The sizes "
        "of the lists in the database differ from that.",
    ),
    "KM335": NoteKind(
        title="search differs from the lists",
        text="with {nprobe} probes the database found recall {recall:.4f}, its lists come to {lists:.4f}",
        explanation="The recall of lists of whole vectors follows from the lists. A search that finds another recall "
        "did something else, or vectors tie within the rounding of float32.",
    ),
    "KM336": NoteKind(
        title="stand-in server",
        text="Milvus Lite ignores nlist and is no measure of Milvus: its times are not shown",
        hint="give uri= of a real server",
        explanation="Milvus Lite is a rewrite in Python for trying things out. It shows that the calls are right.",
    ),
    "KM337": NoteKind(
        title="rebuilt index",
        text="the index has other centroids than it was made with: it was built anew since",
        hint="build again by the saved file, or tune again",
        explanation="REINDEX, restoring a dump and the like train centroids by the database's own k-means.",
    ),
    "KM338": NoteKind(
        title="rows since the build",
        text="{rows:,} rows more than when the index was built",
        hint="build again when the recall or the vectors scanned have moved",
        explanation="New rows go into the lists of the old centroids, which were not trained for them.",
    ),
}
