"""Fixtures for the actions of the API."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import Starter


@pytest.fixture(scope="module")
def start_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Start a local SCF for the tests of a module that leave it as it is."""
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("shared"), stack)
