"""`kmbench explain` spells out a code, and what it says of a run; `kmbench backends NAME` tells all about one."""

import json

from typer.testing import CliRunner

from kmbench.backends.registry import backend_names, get_backend
from kmbench.cli.main import app
from kmbench.notes import KINDS


def asked(*arguments):
    result = CliRunner().invoke(
        app, [str(argument) for argument in arguments], env={"COLUMNS": "80", "NO_COLOR": "1"}
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_each_code_is_explained_with_its_words_and_without_braces():
    for code, kind in KINDS.items():
        text = asked("explain", code.lower())
        assert text.startswith(f"{code}  {kind.title}")
        assert " ".join(kind.explanation.split()) in " ".join(text.split())
        assert "{" not in text
        assert max(map(len, text.splitlines())) <= 80


def test_without_a_code_all_are_listed_and_json_holds_the_same():
    assert len(asked("explain").splitlines()) == len(KINDS)
    assert [one["code"] for one in json.loads(asked("explain", "--json"))] == sorted(KINDS)


def test_every_backend_tells_its_parameters_with_their_names_whole():
    for name in backend_names():
        lines = asked("backends", name).splitlines()
        assert lines[0].startswith(name)
        for parameter in get_backend(name).Params.model_fields:
            assert any(line.startswith(f"{parameter}  ") for line in lines), (name, parameter)
        for trap in get_backend(name).traps:
            assert " ".join(trap.split()) in " ".join(" ".join(lines).split())
