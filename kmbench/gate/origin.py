"""Print where modules would be imported from, as a JSON object. Run as a file, with the path of a worker."""

import importlib.util
import json
import sys


def place_of(name: str) -> str | None:
    """Return the file or folder of a module, or None."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.origin is not None and spec.origin != "frozen":
        return spec.origin
    return next(iter(spec.submodule_search_locations or ()), None)


if __name__ == "__main__":
    print(json.dumps({name: place_of(name) for name in sys.argv[1:]}))  # noqa: T201
