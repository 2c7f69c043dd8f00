"""The way in which several instances listen on port 9000 of one machine, and the addresses that they get.

Three ways, the first that works: a seccomp filter (``child/port_filter``, Linux), shims in Python and Node.js
(``child/shims``), or one instance at a time.
"""

import array
import contextlib
import enum
import itertools
import marshal
import random
import re
import select
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.worker.child.port_filter import machine_numbers
from tencentserverless.local.worker.port_watch import WEB_PORT, PortWatch
from tencentserverless.local.worker.run_directory import LAUNCHER

_PROBE_SECONDS = 10
LOOPBACK = "127.0.0.1"
_FIRST, _COUNT = 127 << 24 | 64 << 16, 1 << 22  # 127.64.0.0/10
_DRAWS = 100
#: Programs that the shims reach, in a start file; and those that bind the port without Python's or Node's own sockets.
_SHIMMED = re.compile(
    rb"python|node\b|npm|npx|gunicorn|uvicorn|hypercorn|flask|fastapi|daphne|waitress|\.py\b|\.[cm]?js\b"
)
_UNSHIMMED = re.compile(rb"granian|uwsgi|python[\d.]*\s+-[a-zA-Z]*[EIS]")


class Choice(str, enum.Enum):
    """The choice of the user with ``--web-ports``."""

    AUTO = "auto"
    SECCOMP = "seccomp"
    SHIMS = "shims"
    SINGLE = "single"


class Way(enum.Enum):
    """A way to listen on port 9000."""

    SECCOMP = "seccomp"
    SHIMS = "shims"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Decision:
    """The way of one function, and why no better one.

    :ivar refusal: why the function can't start in the way that was asked for, ``""`` where it can
    """

    way: Way
    reason: str = ""
    refusal: str = ""
    has_addresses: bool = True

    @property
    def notice(self) -> str:
        """The line that tells the user."""
        why = f" ({self.reason})" if self.reason else ""
        if self.way is Way.SECCOMP:
            return f"instances of web functions listen on port {WEB_PORT} of an address each, by seccomp{why}"
        if self.way is Way.SHIMS:
            what = "an address" if self.has_addresses else "a port"
            return f"instances of web functions in Python and Node.js listen on {what} each, by shims{why}"
        return f"warning: one instance of a web function at a time, on port {WEB_PORT} of this machine{why}"


class WebPorts:
    """Decides the way of each function, and draws an address for each instance.

    :param choice: one of ``Choice``
    :param child_folder: the folder of the launcher
    :param has_addresses: every address of 127.0.0.0/8 is this machine; macOS has the first alone
    """

    def __init__(self, choice: str, child_folder: Path, *, has_addresses: bool = sys.platform == "linux") -> None:
        self._has_addresses = has_addresses
        self._choice = Choice(choice)
        self._launcher = child_folder / LAUNCHER
        self._obstacle: str | None = None
        self._numbers = itertools.count(random.randrange(_COUNT))  # noqa: S311  # which address it is guards nothing

    def decide(self, script: bytes) -> Decision:
        """Decide the way of a function. The first decision takes a moment: it tries the filter.

        :param script: its start file
        """
        if self._choice is Choice.SINGLE:
            return Decision(Way.SINGLE, "--web-ports single")
        if self._choice is Choice.SHIMS:
            return Decision(Way.SHIMS, "--web-ports shims", has_addresses=self._has_addresses)
        obstacle = self._find_obstacle()
        if not obstacle:
            return Decision(Way.SECCOMP)
        if self._choice is Choice.SECCOMP:
            return Decision(
                Way.SECCOMP, "--web-ports seccomp", f"--web-ports seccomp: this system refuses it ({obstacle})"
            )
        if script.startswith(b"#!") and _SHIMMED.search(script) and not _UNSHIMMED.search(script):
            return Decision(Way.SHIMS, f"no seccomp: {obstacle}", has_addresses=self._has_addresses)
        return Decision(Way.SINGLE, f"no seccomp: {obstacle}; its program takes no shim")

    def draw(self) -> tuple[str, int]:
        """Return a free address for an instance; where 127.0.0.1 is the only one of loopback, another port of that."""
        if self._has_addresses:
            return self._draw_address(), WEB_PORT
        with socket.socket() as tried:
            tried.bind((LOOPBACK, 0))
            return LOOPBACK, int(tried.getsockname()[1])

    def _draw_address(self) -> str:
        """Return an address of 127.64.0.0/10 that is free, and that no instance of this server had before.

        One that was used lately can't be bound for a minute (TIME_WAIT).
        """
        for _ in range(_DRAWS):
            address = socket.inet_ntoa((_FIRST + next(self._numbers) % _COUNT).to_bytes(4, "big"))
            with contextlib.suppress(OSError), socket.socket() as tried:
                tried.bind((address, WEB_PORT))
                return address
        raise OSError(0, f"no address of 127.64.0.0/10 has port {WEB_PORT} free")

    def _find_obstacle(self) -> str:
        """Return what stands in the way of the filter, ``""`` for nothing. Tried once."""
        if self._obstacle is None:
            self._obstacle = _try_filter(self._launcher, self._draw_address()) if machine_numbers() else _no_numbers()
        return self._obstacle


def _no_numbers() -> str:
    return f"{sys.platform} has none" if sys.platform != "linux" else "the machine's system calls are not known"


def launch_command(launcher: Path, plan: dict[str, object]) -> tuple[str, ...]:
    """Return the command line of the launcher."""
    return (sys.executable, "-I", "-S", str(launcher), marshal.dumps(plan).hex())


def _try_filter(launcher: Path, address: str) -> str:
    """Have a process bind the port of all addresses, and lead it to an address.

    :return: what is in the way, ``""`` for nothing
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        plan = {"socket": theirs.fileno(), "umask": 0o077, "watchdog": "", "isolation": None, "filters": True}
        try:
            process = subprocess.Popen(  # noqa: S603  # our own program
                launch_command(launcher, {**plan, "tries": WEB_PORT}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        except OSError as error:
            return str(error)
        theirs.close()
        ours.settimeout(_PROBE_SECONDS)
        try:
            return _watch_try(ours, address)
        except OSError as error:
            return error.strerror or str(error)
        finally:
            process.kill()
            process.wait()


def _watch_try(ours: socket.socket, address: str) -> str:
    said, listener = receive(ours)
    if listener is None:
        return failure_of(said)[1] or "its launcher failed"
    watch = PortWatch(listener, address, lambda _: None)
    try:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        if not poll.poll(_PROBE_SECONDS * 1000):
            return "the kernel told of no bind"
        watch.answer()
        bound = ours.recv(100).decode("ascii", "replace")
        return "" if bound == address else "the memory of another process can't be written"
    finally:
        watch.close()


def receive(ours: socket.socket) -> tuple[bytes, int | None]:
    """Receive what the launcher says, with the descriptor that comes with it; nothing once it is its program."""
    said, ancillary, *_ = ours.recvmsg(4096, socket.CMSG_SPACE(4), getattr(socket, "MSG_CMSG_CLOEXEC", 0))
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return said, found[0] if found else None


def failure_of(said: bytes) -> tuple[int, str]:
    """Return the errno and the words of a launcher that could not become its program; 0 and ``""`` if it did."""
    _, mark, rest = said.partition(b"failed ")
    if not mark:
        return 0, ""
    number, _, words = rest.decode("utf-8", "replace").partition(" ")
    return (int(number), words) if number.isdigit() and words else (-1, "its launcher failed")
