"""The local SCFs of a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tencentserverless.local import LocalError
from tencentserverless.scf import Client
from tencentserverless.testing.servers import Servers


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.getbasetemp())
    yield servers
    servers.close()


def test_one_that_has_died_is_replaced_and_all_are_stopped(servers: Servers) -> None:
    first = servers.get(None)
    assert servers.get(None) is first
    assert first.status()["functions"] == []
    first._process.kill()
    first._process.wait()
    second = servers.get(None)
    assert second is not first
    assert second.status()["functions"] == []
    servers.close()
    for local in (first, second):
        with pytest.raises(LocalError, match="does not run"):
            local.status()


@pytest.mark.proof
def test_each_folder_has_its_own(servers: Servers, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "same").mkdir(parents=True)
        (tmp_path / name / "same" / "index.py").write_text(f"def main_handler(event, context):\n    return {name!r}\n")
    found = []
    for name in ("one", "two", "one"):
        local = servers.get(tmp_path / name)
        with Client("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.url) as client:
            found.append((client.same().json(), local.url))
    assert [name for name, _ in found] == ["one", "two", "one"]
    assert found[0] == found[2] != found[1]
    (tmp_path / "empty").mkdir()
    with pytest.raises(LocalError, match="no functions here"):
        servers.get(tmp_path / "empty")
