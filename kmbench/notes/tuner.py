"""Notes about the tuner: ``KM3xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {
    "KM301": NoteKind(
        title="tied neighbours",
        text="{tied:,} of {queries:,} queries have neighbours that tie at place {k}: any of them counts as found",
        explanation="Several vectors are exactly as near as the last requested neighbour, often because the data "
        "contains duplicates. An index may return any of them, so all of them count as right.",
    ),
    "KM302": NoteKind(
        title="queries from the data",
        text="{share:.0%} of the queries are rows of the data: each finds itself, so the recall of real queries is "
        "lower",
        explanation="A query that is a row of the data finds itself in its own list. Real queries, which are not "
        "in the data, find fewer of their neighbours at the same nprobe.",
    ),
    "KM303": NoteKind(
        title="thousands of ties",
        text="{cut:,} queries have thousands of neighbours that tie at place {k} (duplicates in the data): for them "
        "recall is a lower bound",
        explanation="kmbench stores a limited number of tied neighbours per query. Ties beyond that number are "
        "correct answers but are not counted as such.",
    ),
    "KM304": NoteKind(
        title="few training rows",
        text="nlist {nlists}: fewer than {rows} training rows per list: centroids follow noise",
        explanation="With few rows per centroid, k-means overfits the sample. The measured recall is still "
        "correct, but another number of lists may work better.",
    ),
    "KM305": NoteKind(
        title="nprobe limit of the GPU",
        text="nlist {nlists}: nprobe above {most:,} is left out because FAISS's GPU indexes search no more lists",
        explanation="FAISS limits nprobe on the GPU. Settings above the limit are not considered.",
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
        explanation="A search had to wait for a core, even when it was measured again, so its times are too long.",
    ),
    "KM308": NoteKind(
        title="search differs from the curve",
        text="a direct search of the index file found recall {recall:.4f}",
        explanation="The recall of a setting comes from one exact pass and is checked by a search of the index in "
        "another process. Small differences are caused by codes that tie, or by the order in which a GPU adds "
        "numbers.",
    ),
    "KM309": NoteKind(
        title="neighbours of another metric",
        text="the neighbours in {file} are for {metric}: not used",
        explanation="The true neighbours in the file are for a different metric than the requested one, so "
        "kmbench searches for them again.",
    ),
    "KM310": NoteKind(
        title="too few stored neighbours",
        text="{file} holds {columns} neighbours, too few to see ties at place {k}: an exact search is used instead",
        explanation="To tell which vectors tie with the last neighbour, a file must hold at least one more "
        "neighbour.",
    ),
    "KM311": NoteKind(
        title="another device",
        text="the index was tuned for another device",
        hint="compare the recall, not the times",
        explanation="The times differ because one device is a CPU and the other a GPU, not because anything has "
        "changed since.",
    ),
    "KM312": NoteKind(
        title="target within the interval",
        text="the target lies within the interval",
        hint="{queries:,} queries would halve its width",
        explanation="With this number of queries it is not certain whether the recall of similar queries meets "
        "the target.",
    ),
    "KM313": NoteKind(
        title="changed rows",
        text="{share:.0%} of the sampled rows have changed since they were indexed",
        explanation="The recipe holds checksums of some rows of the data. Some rows of today's data do not match "
        "them.",
    ),
    "KM314": NoteKind(
        title="rows without an entry",
        text="{rows:,} rows of the data are not in the index",
        explanation="The data has more rows than the index: rows that were added later cannot be found.",
    ),
    "KM315": NoteKind(
        title="rows of zeros",
        text="{rows:,} row(s) of the data hold only zeros, which have no direction under cosine: they stay in the "
        "index under their row numbers and count as never found",
        explanation="Removing them would shift the number of every later row. No query has them as neighbours, "
        "and the centroids are trained without them.",
    ),
    "KM316": NoteKind(
        title="queries of zeros",
        text="{queries:,} of the queries hold only zeros, which have no direction under cosine: they were left out",
        explanation="All rows are equally near to such a query, so its recall is not defined.",
    ),
    "KM330": NoteKind(
        title="plan without the index",
        text="from {nprobe} probes on PostgreSQL plans a search without the index; these were searched with "
        "enable_seqscan off",
        hint="set enable_seqscan = off if you use so many probes",
        explanation="With many probes the planner expects a sequential scan to be cheaper. Such a search is "
        "exact, but its time says nothing about the index.",
    ),
    "KM331": NoteKind(
        title="short answers",
        text="below {name} {nprobe} some of the queries get fewer than {k} rows",
        explanation="The lists nearest to a query can hold fewer rows than requested. FAISS fills the rest with "
        "-1; a database returns fewer rows.",
    ),
    "KM332": NoteKind(
        title="retrained centroids",
        text="{what} train new centroids, which have a different recall",
        hint="rebuild the index with the saved file, and verify it with --check",
        explanation="The database keeps the given centroids as long as the index exists. Any operation that "
        "rebuilds the index from its rows trains new centroids with the database's own k-means.",
    ),
    "KM333": NoteKind(
        title="lists not readable",
        text="the lists of {target} cannot be read ({why}): its recall is known only where it was searched",
        explanation="If the lists can be read, the recall at every number of probes follows from them. Otherwise "
        "it is measured at a few.",
    ),
    "KM334": NoteKind(
        title="rows in other lists",
        text="{rows:,} rows are in another list than that of the nearest centroid: the curve there is not exact",
        explanation="The curve assumes that every row is in the list of its nearest centroid. The sizes of the "
        "lists in the database show that some rows are not.",
    ),
    "KM335": NoteKind(
        title="search differs from the lists",
        text="with {nprobe} probes the database found recall {recall:.4f}, but its lists imply {lists:.4f}",
        explanation="With whole vectors, the recall follows from the lists. If a search finds a different recall, "
        "it searched in another way, or vectors tie within the rounding of float32.",
    ),
    "KM336": NoteKind(
        title="stand-in server",
        text="Milvus Lite ignores nlist and does not represent Milvus: its times are not shown",
        hint="give uri= of a real server",
        explanation="Milvus Lite is a reimplementation in Python for experiments. It only shows that the calls "
        "are correct.",
    ),
    "KM337": NoteKind(
        title="rebuilt index",
        text="the index no longer has the centroids it was built with: it has been rebuilt since",
        hint="rebuild the index with the saved file, or tune again",
        explanation="REINDEX, restoring a dump and similar operations train centroids with the database's own "
        "k-means.",
    ),
    "KM338": NoteKind(
        title="rows since the build",
        text="the table has {rows:,} more rows than when the index was built",
        hint="rebuild the index if the recall or the number of scanned vectors has changed",
        explanation="New rows are added to the lists of the old centroids, which were trained without them.",
    ),
}
