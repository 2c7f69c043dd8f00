"""Interpreters of this machine, and environments that hold this project."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.environments import ROOT, copy_sources, find_newest, make_installed, search_python


@pytest.fixture(scope="session")
def oldest_python() -> Path:
    found = search_python("3.6")
    if found is None:
        pytest.skip("no Python 3.6 on PATH or under pyenv")
    return found


@pytest.fixture(scope="session")
def newest_python() -> Path:
    return find_newest()


@pytest.fixture(params=["pip", "setup.py"])
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["oldest", "newest"])
def installed(request: pytest.FixtureRequest, way: str) -> Path:
    """The ``bin`` folder of an environment that holds this project alone, without extras."""
    python: Path = request.getfixturevalue(f"{request.param}_python")
    return make_installed(way, request.param, python)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of what is packaged."""
    return copy_sources(tmp_path / "sources")


@pytest.fixture(scope="session")
def find_python() -> Callable[[str], Path | None]:
    return search_python


@pytest.fixture(scope="session")
def examples_env() -> Iterator[dict[str, str]]:
    """The environment that leads programs to a local SCF over ``examples/functions``: the one that the demo starts."""
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    with demo.running_server() as environment:
        yield environment
