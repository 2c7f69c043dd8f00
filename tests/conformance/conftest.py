"""A local SCF over functions that judges call."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conformance.judges import FUNCTIONS, Programs, is_foreign
from tests.conformance.servers import sites
from tests.conftest import FUNCTION_VARIABLES, LocalScf, Starter
from tests.environments import ROOT


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own cloud counts."""
    for name in list(os.environ):
        if is_foreign(name):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def judged_scf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    """One local SCF for all judges of a worker."""
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("judged_scf"), stack)(FUNCTIONS, env=FUNCTION_VARIABLES)


@pytest.fixture(scope="session")
def with_our_sources() -> Programs:
    """Programs under the interpreter that runs the tests, with this SDK as it stands."""
    return Programs(Path(sys.executable), ROOT / "src")


@pytest.fixture
def start_site(tmp_path: Path) -> Iterator[Callable[..., sites.Site]]:
    """Start a local SCF with one web function: ``start_site(server, place, settings)``."""
    with ExitStack() as stack:
        yield functools.partial(sites.start_site, tmp_path, stack)
