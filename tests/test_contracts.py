"""The contracts about imports hold for every room, also for one that was added yesterday."""

import pkgutil
import tomllib
from pathlib import Path

import kmbench

CONTRACTS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
ROOMS = {f"kmbench.{module.name}" for module in pkgutil.iter_modules(kmbench.__path__)}


def contract(name):
    return next(one for one in CONTRACTS if one["name"] == name)


def test_every_room_but_the_command_line_is_kept_from_printing():
    assert set(contract("Only the command line prints")["source_modules"]) == ROOMS - {
        "kmbench.cli",
        "kmbench.__main__",
    }


def test_every_room_has_its_layer():
    layers = contract("Rooms import one way")["layers"]
    assert {room.strip() for layer in layers for room in layer.split("|")} == ROOMS
