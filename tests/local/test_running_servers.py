"""The register of running servers: who is in it, who is not, and what becomes of a server that was killed."""

import json
import os
import signal
from pathlib import Path

import pytest

from tencentserverless.local import Local, running_servers
from tencentserverless.local.running_servers import RunningServer, describe_own, list_servers, registered
from tests.conftest import FUNCTIONS, wait_until


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of the test's own; nothing of the developer's is seen or touched."""
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder / "scf-local"


def test_a_server_is_listed_while_it_runs(tmp_path: Path, runtime_folder: Path) -> None:
    own = describe_own(tmp_path, tmp_path / ".scf")
    with registered(own):
        assert list_servers() == [own]
        (entry,) = runtime_folder.iterdir()
        assert (runtime_folder.stat().st_mode & 0o777, entry.stat().st_mode & 0o777) == (0o700, 0o600)
        assert json.loads(entry.read_text()) == {
            "project": str(tmp_path),
            "source": str(tmp_path / ".scf"),
            "pid": os.getpid(),
            "started_at": own.started_at,
        }
    assert list_servers() == []


@pytest.mark.parametrize(
    "changes", [{"pid": 2**22 + 1}, {"started_at": 1.0}], ids=["the process has ended", "its number is another's"]
)
def test_a_stale_file_is_dropped(tmp_path: Path, runtime_folder: Path, changes: dict[str, float]) -> None:
    own = describe_own(tmp_path, None)
    facts = {"pid": own.pid, "started_at": own.started_at, **changes}
    running_servers._enter(RunningServer(own.project, None, int(facts["pid"]), facts["started_at"]))
    assert list(runtime_folder.glob("*.json"))
    assert list_servers() == []
    assert list(runtime_folder.glob("*.json")) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"project": 1, "source": null, "pid": 1, "started_at": 0}', "[" * 9999]
)
def test_a_file_that_is_no_entry_is_dropped(runtime_folder: Path, text: str) -> None:
    runtime_folder.mkdir(mode=0o700)
    (runtime_folder / "1.json").write_text(text)
    assert list_servers() == []
    assert list(runtime_folder.iterdir()) == []


def test_a_folder_that_others_can_write_is_not_believed(tmp_path: Path, runtime_folder: Path) -> None:
    runtime_folder.mkdir()
    runtime_folder.chmod(0o777)
    with registered(describe_own(tmp_path, None)) as _:
        assert list(runtime_folder.iterdir()) == []
        assert len(list((tmp_path / "cache" / "scf-local" / "servers").iterdir())) == 1
        assert len(list_servers()) == 1


def test_without_a_runtime_folder_the_cache_folder_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for absent in ("", "relative/path", str(tmp_path / "file" / "no-folder")):
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_RUNTIME_DIR", absent)
        with registered(describe_own(tmp_path, None)):
            assert len(list((tmp_path / "cache" / "scf-local" / "servers").iterdir())) == 1
            assert len(list_servers()) == 1


def test_where_no_folder_can_be_used_a_server_runs_unlisted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    with registered(describe_own(tmp_path, None)):
        assert list_servers() == []


def test_a_killed_server_is_not_listed_and_those_of_tests_never_are(
    start_local_scf, tmp_path: Path, runtime_folder: Path
) -> None:
    environment = {"XDG_RUNTIME_DIR": str(runtime_folder.parent)}
    listed = start_local_scf(FUNCTIONS / "echo", env=environment)
    (server,) = list_servers()
    assert (server.pid, server.project) == (listed.process.pid, FUNCTIONS / "echo")
    assert server.source == Path(server.source or "").resolve()
    with Local(FUNCTIONS / "echo"):
        assert list_servers() == [server]
    listed.process.send_signal(signal.SIGKILL)
    listed.process.wait()
    wait_until(lambda: list_servers() == [])
    assert list(runtime_folder.glob("*.json")) == []
