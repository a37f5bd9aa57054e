"""A stand-in for the file systems that tell about a host."""

import pytest


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes files below a fresh root folder and returns that root."""

    def write(files):
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write
