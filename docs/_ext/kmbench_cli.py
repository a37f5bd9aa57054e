"""The command line, as sphinx-click wants it."""

from typer.main import get_command

from kmbench.cli.main import app

command = get_command(app)
