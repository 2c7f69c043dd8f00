"""Functions for the tests of the dashboard's door."""

import pytest


@pytest.fixture
def functions(tmp_path):
    """A folder with one function."""
    folder = tmp_path / "functions"
    (folder / "echo").mkdir(parents=True)
    (folder / "echo" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    return folder
