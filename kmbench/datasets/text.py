"""Text that ships with dependencies: the docstrings of scikit-learn and SciPy as TF-IDF vectors of few columns."""

from __future__ import annotations

import ast
import importlib.util
import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from kmbench.datasets.base import Arguments, ArrayRows, BuiltIn, Rows
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError

__all__ = ["DOCSTRINGS", "docstrings"]

PACKAGES = {"sklearn": "scikit-learn", "scipy": "scipy"}
LEAST_WORDS = 20
LEFT_OUT = frozenset({"tests", "externals", "_lib", "conftest.py", "setup.py"})


@cache
def docstrings() -> tuple[tuple[str, str], ...]:
    """Return ``(module, text)`` of every docstring of 20 words or more, in a fixed order, each text once.

    The sources are parsed, not imported. Which texts there are depends on the versions of the packages.

    Raises
    ------
    DataError
        If a package is not installed.
    """
    found: dict[str, str] = {}
    for package, distribution in PACKAGES.items():
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise DataError(f"docstrings needs {distribution}, which is not installed", f"pip install {distribution}")
        folder = Path(spec.submodule_search_locations[0])
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder.parent)
            if not LEFT_OUT.intersection(inside.parts):
                for text in _texts(path):
                    found.setdefault(text, ".".join(inside.with_suffix("").parts))
    return tuple((module, text) for text, module in found.items())


def _texts(path: Path) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in other people's strings
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):  # a file that this Python cannot read has no text for us
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or ""
            if len(re.findall(r"[A-Za-z]{3,}", text)) >= LEAST_WORDS:
                yield text


def _open(arguments: Arguments) -> Rows:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    d = arguments["d"]
    assert isinstance(d, int)
    vectorizer = TfidfVectorizer(
        sublinear_tf=True, min_df=3, max_df=0.5, stop_words="english", token_pattern=r"[A-Za-z]{3,}"
    )
    weights = vectorizer.fit_transform(text for _, text in docstrings())
    # arpack, since the randomised solver's columns depend on its draws.
    vectors = TruncatedSVD(d, algorithm="arpack", random_state=0).fit_transform(weights)
    return ArrayRows(normalize(vectors).astype("float32"))


DOCSTRINGS = BuiltIn(
    name="docstrings",
    syntax="docstrings:d=64",
    summary="text: docstrings of scikit-learn and SciPy as TF-IDF, d columns by truncated SVD, norm 1",
    open=_open,
    parameters=(Parameter(name="d", kind="integer", default=64, low=2, high=1024),),
)
