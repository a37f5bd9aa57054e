"""What stands in ``recipe.json``: how an index was made, what it was measured to do, and on which data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from kmbench.errors import DataError
from kmbench.tuning.problem.device import Device

__all__ = [
    "INDEX_FILE",
    "QUERIES_FILE",
    "QUERIES_ROWS_FILE",
    "RECIPE_FILE",
    "SERVE_FILE",
    "DataSample",
    "Recipe",
    "SavedFilter",
    "SavedProbes",
    "SavedQueries",
    "TargetRecipe",
    "read_recipe",
]

INDEX_FILE, RECIPE_FILE, SERVE_FILE = "index.faiss", "recipe.json", "serve.py"
QUERIES_FILE, QUERIES_ROWS_FILE = "queries.npy", "queries-rows.npy"


class DataSample(BaseModel):
    """Which data: a fingerprint of all of it, and of single rows, which tell changed data from other data.

    Attributes
    ----------
    rows : dict of str by int
        First hex digits of the SHA-256 of some rows as float32.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec: str
    n: int
    d: int
    fingerprint: str
    rows: dict[int, str]


class Lists(BaseModel):
    """How even the lists are: what drifts when the data does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    imbalance: float
    longest_over_mean: float
    empty: int


class SavedQueries(BaseModel):
    """The queries that stand beside the index.

    Attributes
    ----------
    count : int
        That are saved.
    of : int
        That the recall was measured with.
    origin : str
        Where they come from.
    drawn : bool
        They were rows of the data, whose numbers stand in `QUERIES_ROWS_FILE`, and left out while it was tuned. The
        index holds them, so they have to be left out of its answers when it is checked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    of: int
    origin: str
    drawn: bool


class SavedProbes(BaseModel):
    """A rule for the lists that a query probes, see `kmbench.tuning.recall.probes.Probes`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["budget", "damped"]
    nprobe: int
    vectors: int
    reference: float
    recall: float


class SavedFilter(BaseModel):
    """What was measured under a filter; `nprobe` reaches the target there, where any does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    rows: int
    nprobe: int
    recall: float
    short_queries: float
    exact_scan_faster_below_rows: int


class TargetRecipe(BaseModel):
    """The database's part of a recipe. It names no server: a DSN can hold a password.

    Attributes
    ----------
    nprobe : int
        Chosen for the database; that of the recipe is the promised one.
    recall, recall_low, recall_high, scanned_vectors, latency_ms, build_seconds, index_bytes, imbalance
        As measured there; None where nothing was, or the database does not tell.
    centroids_digest : str or None
        SHA-256 of the centroids of the lists, in any order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    table: str
    measured: bool
    versions: dict[str, str]
    centroids: Literal["own", "kmbench"]
    nprobe: int
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    scanned_vectors: float | None
    latency_ms: dict[str, float] | None
    build_seconds: float | None
    index_bytes: int | None
    imbalance: float | None
    centroids_digest: str | None


class Recipe(BaseModel):
    """One deployment. Recipes without a device are older than the choice: their index was timed on the CPU.

    Those without saved queries hold an example of 16 only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe_version: Literal[1] = 1
    factory: str
    transform: str | None
    index: str
    nlist: int
    nprobe: int
    k_factor: int
    metric: Literal["l2", "ip", "cosine"]
    at: int
    recall_target: float
    max_latency_ms: float | None
    max_memory_bytes: int | None
    max_build_seconds: float | None
    target_met: bool
    recall: float
    recall_low: float
    recall_high: float
    recall_method: str
    queries: int
    queries_from: str
    scanned_vectors: float
    scanned_vectors_p99: float | None = None
    bytes_per_vector: int | None = None
    balanced: bool = False
    saved_queries: SavedQueries | None = None
    probes: SavedProbes | None = None
    filters: list[SavedFilter] = []
    latency_ms: dict[str, float]
    latency_model_error: float | None
    queries_per_second: float
    threads: int
    device: Device = "cpu"
    gpu: str | None = None
    memory_bytes: int
    build_seconds: float
    backend: str
    training_points: int
    seed: int
    lists: Lists
    data: DataSample
    versions: dict[str, str]
    target: TargetRecipe | None = None


def read_recipe(folder: Path) -> Recipe:
    """Read the recipe of a saved index.

    Raises
    ------
    DataError
        If the folder holds none, or one that this version does not read.
    """
    path = folder / RECIPE_FILE
    try:
        return Recipe.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder} holds no {RECIPE_FILE}", "give a folder that --save has written") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}", "check the folder") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DataError(f"{path}: {where}: {first['msg']}", "save the index again with this version") from None
