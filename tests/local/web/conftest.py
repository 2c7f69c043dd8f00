"""One server for the tests of URLs: its functions are those of ``urls.FUNCTIONS``, each with a URL."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import LocalScf, Starter
from tests.local.web.urls import FUNCTIONS, put_url


class UrlServer(NamedTuple):
    """A server whose functions have URLs.

    :param nets: NetConfig of each function's URL
    """

    scf: LocalScf
    nets: Mapping[str, dict[str, Any]]

    def url(self, name: str, path: str = "") -> str:
        """The address for browsers."""
        return f"{self.nets[name]['ExtranetUrl'] or self.nets[name]['IntranetUrl']}{path}"

    def local(self, name: str, path: str = "") -> str:
        """The path form."""
        return f"{self.nets[name]['LocalUrl']}{path}"


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UrlServer]:
    """A server that the tests of this room share: none of them changes a function."""
    folder = tmp_path_factory.mktemp("urls")
    for name, (code, _) in FUNCTIONS.items():
        place = folder / "functions" / name
        place.mkdir(parents=True)
        (place / "index.py").write_text(code)
        (place / "serverless.yml").write_text(
            f"component: scf\nname: {name}\ninputs: {{name: {name}, src: ., runtime: {OWN_RUNTIME}, "
            f"timeout: {1 if name == 'slow' else 10}}}\n"
        )
    with ExitStack() as stack:
        server = Starter(folder, stack)(folder / "functions")
        yield UrlServer(server, {name: put_url(server, name, given) for name, (_, given) in FUNCTIONS.items()})
