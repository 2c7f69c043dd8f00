"""Sees whether, where and when a web function listens.

The platform connects to port 9000; here the system call ``listen`` tells it at the moment of it, where the filter of
``child/port_filter`` is. Elsewhere a connection is tried again and again.
"""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local import outcome
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.worker.port_watch import WEB_PORT, Asked, PortWatch
from tencentserverless.local.worker.web_ports import LOOPBACK, Way, failure_of, receive
from tencentserverless.local.worker.web_start import START_FILE

_AFTER_LISTEN_SECONDS = 0.0005  # the call has been let go on and may not be done
_POLL_SECONDS = 0.005
_TOLD_SECONDS = 0.25  # for a server without a shim, which never tells
_MAX_SAID_BYTES = 4096
_LISTEN = "0A"  # the state in /proc/net/tcp
_EXEC_FAULTS = {  # errno of exec: the platform's words, and the reason
    2: ("no such file or directory", "the interpreter of its first line is not on this machine"),
    8: ("exec format error", "it is a program of another machine, or of another system"),
    13: ("no such file or directory", "it, or the interpreter of its first line, may not be executed"),
}
_LOOPBACK_FAULT = (
    f"listens on {{host}}:{WEB_PORT} alone, which the platform can't reach: listen on 0.0.0.0:{WEB_PORT} "
    "(refused at once here; the cloud waits for the InitTimeout)"
)


class Target(NamedTuple):
    """The address at which a web function is to listen, and the way to it.

    :param pipe: where the shims tell of it
    """

    way: Way
    address: tuple[str, int]
    pipe: Path


class Listening:
    """The watch over the start of one web function.

    :param launcher: the server's end of the launcher's socket pair
    :param tell: called with a line for the user
    :ivar process: the process that listens; 0 if that is not known
    """

    def __init__(self, launcher: socket.socket, target: Target, tell: Callable[[str], None]) -> None:
        self.process: int = 0
        self._launcher: socket.socket | None = launcher
        self._said = b""
        self._way, self._address = target.way, target.address
        self._show = tell
        self._watch: PortWatch | None = None
        self._other: Asked | None = None
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Future[str | None] = self._loop.create_future()
        launcher.setblocking(False)
        self._loop.add_reader(launcher.fileno(), self._hear)
        self._pipe = -1
        if self._way is Way.SHIMS:
            self._pipe = os.open(target.pipe, os.O_RDWR | os.O_NONBLOCK)  # both: its readers see no end of it
            self._loop.add_reader(self._pipe, self._read_pipe)

    async def wait(self) -> str | None:
        """Wait until the function listens. Returns None then, else in words why it never will."""
        # A port that answers before the function listens: something else has it on all addresses.
        is_told = self._way is Way.SECCOMP or (self._way is Way.SHIMS and await self._connects())
        if is_told and (fault := await self._heard) is not None:
            return fault
        pause_seconds = _AFTER_LISTEN_SECONDS if self._heard.done() else _POLL_SECONDS
        while not await self._connects():
            await asyncio.wait({self._heard}, timeout=pause_seconds)
            if self._heard.done():
                if (fault := self._heard.result()) is not None:
                    return fault
                await asyncio.sleep(pause_seconds)
            pause_seconds = min(_POLL_SECONDS, 2 * pause_seconds)
        if self._way is Way.SHIMS:  # the shim tells behind the call by which the server listens
            await asyncio.wait({self._heard}, timeout=_TOLD_SECONDS)
            return self._heard.result() if self._heard.done() else None
        return _find_loopback_fault() if self._way is Way.SINGLE else None

    def failure_of_launch(self) -> Outcome | None:
        """Return the failure of a launcher that could not become the function; None if it did."""
        self._hear()
        number, words = failure_of(self._said)
        if not number and not words:
            return None
        if number in _EXEC_FAULTS and not words.startswith(("seccomp", "unshare", "mount")):
            message, reason = _EXEC_FAULTS[number]
            self.tell(f"{START_FILE} can't be started: {reason}")
            return outcome.not_startable(f"[./{START_FILE}] {message}")
        return outcome.start_failed(words)

    def describe_silence(self, timeout_seconds: float) -> str:
        """Return in words that nothing listened in time, and what did listen."""
        if self.process:
            reason = "it does so for IPv6 alone (IPV6_V6ONLY), or has stopped"
            return f"listens on port {WEB_PORT}, and takes no connection over IPv4 in its InitTimeout: {reason}"
        words = f"nothing listens on 0.0.0.0:{WEB_PORT} after {timeout_seconds:g} seconds, its InitTimeout"
        if self._other is not None:
            words += f"; it listens on port {self._other.port} instead"
        return words

    def tell(self, words: str) -> None:
        """Show a line of this function."""
        self._show(words)

    def close(self) -> None:
        """Stop the watch."""
        if not self._heard.done():
            self._heard.cancel()
        self._drop_launcher()
        self._drop_watch()
        if self._pipe >= 0:
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def _read_pipe(self) -> None:
        """Read what the shims tell: the host that was asked for, and the process."""
        with contextlib.suppress(BlockingIOError, ValueError):
            host, process = os.read(self._pipe, _MAX_SAID_BYTES).decode("ascii", "replace").splitlines()[0].split()
            if host == "localhost":
                host = LOOPBACK
            self._see_listen(Asked(host, WEB_PORT, int(process)))

    def _hear(self) -> None:
        """Read what the launcher says. Its end says that it has become the function, or has failed."""
        while self._launcher is not None:
            try:
                said, listener = receive(self._launcher)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                said, listener = b"", None
            if listener is not None:
                self._watch = PortWatch(listener, self._address[0], self._see_listen, self._tell_hidden)
                self._loop.add_reader(listener, self._answer)
            self._said += said
            if not said or len(self._said) > _MAX_SAID_BYTES:
                self._drop_launcher()

    def _answer(self) -> None:
        if self._watch is not None and not self._watch.answer():
            self._drop_watch()

    def _see_listen(self, asked: Asked) -> None:
        if self._heard.done():
            return
        if asked.port == WEB_PORT:
            self.process = asked.process
            self._heard.set_result(_LOOPBACK_FAULT.format(host=asked.host) if asked.is_loopback else None)
        elif not asked.is_loopback and asked.port and self._other is None:
            self._other = asked
            self.tell(f"listens on port {asked.port}; the platform sends requests to 0.0.0.0:{WEB_PORT} alone")

    def _tell_hidden(self, process: int) -> None:
        words = "it has left its instance, and the kernel guards its memory (kernel.yama.ptrace_scope)"
        self.tell(f"port {WEB_PORT} of process {process} is not led to an address of its own: {words}")

    async def _connects(self) -> bool:
        with contextlib.suppress(OSError), socket.socket() as tried:
            tried.setblocking(False)
            await self._loop.sock_connect(tried, self._address)
            return True
        return False

    def _drop_launcher(self) -> None:
        if self._launcher is not None:
            self._loop.remove_reader(self._launcher.fileno())
            self._launcher.close()
            self._launcher = None

    def _drop_watch(self) -> None:
        if self._watch is not None:
            self._loop.remove_reader(self._watch.fileno())
            self._watch.close()
            self._watch = None


def _find_loopback_fault() -> str | None:
    """Return the fault of a server that has bound loopback alone, as the kernel's table tells it; None elsewhere."""
    with contextlib.suppress(OSError, ValueError):
        rows = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
        listening = [local for local, _, state in rows if state == _LISTEN and local.endswith(f":{WEB_PORT:04X}")]
        hosts = [int(local.partition(":")[0], 16).to_bytes(4, sys.byteorder) for local in listening]
        if hosts and all(host[0] == 127 for host in hosts):
            return _LOOPBACK_FAULT.format(host=socket.inet_ntoa(hosts[0]))
    return None
