"""The register of this user's running servers: a file for each, so that commands find a server from any folder.

A file holds no key and no token; the state folder or the env file that it names does.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.settings import register_folders

_MAX_FILE_BYTES = 64 * 1024
_SAME_SECONDS = 2.0  # the system computes the start time of a process anew, from a clock that may be set


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that is ready.

    :ivar source: its state folder or its env file, which tell its address; None if it has neither
    :ivar started_at: UNIX seconds of the start of its process
    """

    project: Path
    source: Path | None
    pid: int
    started_at: float


def describe_own(project: Path, source: Path | None) -> RunningServer:
    """Describe the server that is this process."""
    pid = os.getpid()
    started_at = _started_at(pid)
    assert started_at is not None, "this process runs"
    return RunningServer(project.resolve(), source.resolve() if source else None, pid, started_at)


@contextlib.contextmanager
def registered(server: RunningServer) -> Iterator[None]:
    """Keep a server in the register; a server whose register can't be written runs without."""
    path = _enter(server)
    try:
        yield
    finally:
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _enter(server: RunningServer) -> Path | None:
    """Write the file of a server. Returns its path, None if no folder of the register can be used."""
    entry = {
        "project": str(server.project),
        "source": str(server.source) if server.source else None,
        "pid": server.pid,
        "started_at": server.started_at,
    }
    for folder in register_folders():
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_private(folder):
                return _write(folder / f"{server.pid}.json", json.dumps(entry).encode("utf-8"))
    return None


def list_servers() -> list[RunningServer]:
    """List the servers of the register, the oldest first. Files of servers that have ended are removed."""
    found = {}
    for folder in register_folders():
        with contextlib.suppress(OSError):
            if _is_private(folder):
                found.update({server.pid: server for server in _read_all(folder)})
    return sorted(found.values(), key=lambda server: server.started_at)


def _read_all(folder: Path) -> Iterator[RunningServer]:
    for path in folder.glob("*.json"):
        server = _read(path)
        started_at = _started_at(server.pid) if server else None
        if server and started_at is not None and abs(started_at - server.started_at) <= _SAME_SECONDS:
            yield server
        else:
            path.unlink(missing_ok=True)


def _read(path: Path) -> RunningServer | None:
    """Read a file of the register; None if it is none."""
    try:
        with path.open("rb") as file:
            entry = json.loads(file.read(_MAX_FILE_BYTES))
        project, source = Path(entry["project"]), entry["source"]
        return RunningServer(project, Path(source) if source else None, int(entry["pid"]), float(entry["started_at"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(path: Path, data: bytes) -> Path:
    """Write a file, mode 0600, completely or not at all."""
    descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return path


def _is_private(folder: Path) -> bool:
    """True if only this user can write to a folder: a file of another user could lead clients and keys astray."""
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o077


def _started_at(pid: int) -> float | None:
    """Return the start time of a process in UNIX seconds; None if it has ended."""
    import psutil  # takes long to load, and a command without a register needs none

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
