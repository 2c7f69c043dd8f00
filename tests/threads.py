"""What tests of threads and forks share. Runs on Python 3.6, for the SDK's tests run there too."""

import os
import threading
import time

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

WORKER = "tencentserverless-worker"


def wait_until(is_true: "Callable[[], bool]", seconds: float = 20.0) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def list_workers() -> "list[threading.Thread]":
    """The threads that a spawn_map has started and that have not ended."""
    return [thread for thread in threading.enumerate() if thread.name == WORKER]


def refuse_workers(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Start so many of these threads, and no more, as a system at its limit does."""
    started = []
    true_start = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == WORKER:
            if len(started) == after:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        true_start(thread)

    monkeypatch.setattr(threading.Thread, "start", start)


def run_child(work: "Callable[[], Any]") -> str:
    """Run something in a forked child; what it returns, or raises, comes back as text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            try:
                said = str(work())
            except BaseException as error:  # noqa: BLE001  # the parent shows it
                said = repr(error)
            os.write(writer, said.encode("utf-8"))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read().decode("utf-8")
    os.waitpid(pid, 0)
    return said
