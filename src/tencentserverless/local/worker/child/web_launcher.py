"""Starts a web function: a program that becomes the function's ``scf_bootstrap``.

    python -I -S web_launcher.py PLAN

In this order: the umask, the watchdog, the namespaces, and the filter of system calls, whose listener it sends to the
server. Then it becomes the program. Its end of a socket pair closes by that, so the server sees how it went:
``listener`` with a descriptor, ``failed`` with the reason, or just the end.

PLAN is marshalled, in hex: the server's own Python runs this, and json, socket and re would double its start. Runs on
Python 2.7 and 3.6+ and imports its own folder and the standard library.
"""

import _socket
import array
import marshal
import os
import sys

sys.path.insert(0, os.path.dirname(sys.argv[0]))

import _scf_isolation  # noqa: E402
import _scf_port_filter  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

LISTENER, FAILED = b"listener", b"failed "
_SHELL = "/bin/sh"


def main():
    # type: () -> None
    """Prepare this process and become the program of the plan."""
    plan = marshal.loads(bytes.fromhex(sys.argv[1]))
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, plan["socket"])
    os.set_inheritable(server.fileno(), False)
    try:
        os.umask(plan["umask"])
        _start_watchdog(plan["watchdog"])
        if plan["isolation"]:
            _scf_isolation.enter(plan["isolation"])
        if plan["filters"]:
            _send_listener(server)
        if plan["tries"]:
            _try_port(server, plan["tries"])
            return
        os.execvp(plan["command"][0], plan["command"])
    except (IOError, OSError) as error:
        words = "{} {}".format(error.errno or 0, error.strerror or error)
        server.sendall(FAILED + words.encode("utf-8", "replace"))
        os._exit(127)


def _start_watchdog(script):
    # type: (str) -> None
    """Start a shell that kills the instance when the server's end of standard input closes.

    It is double-forked and so not the program's child: a program that waits for all its children must not wait for it.
    """
    if script:
        child = os.fork()
        if not child:
            try:
                if os.fork():
                    os._exit(0)
                os.dup2(0, 3)
                _become_silent((0, 1, 2))
                os.closerange(4, 64)
                os.execv(_SHELL, [_SHELL, "-c", script])
            finally:
                os._exit(1)
        os.waitpid(child, 0)
    _become_silent((0,))


def _become_silent(descriptors):
    # type: (Iterable[int]) -> None
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    os.close(null)


def _send_listener(server):
    # type: (_socket.socket) -> None
    listener = _scf_port_filter.install()
    server.sendmsg([LISTENER], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [listener]))])
    os.close(listener)


def _try_port(server, port):
    # type: (_socket.socket, int) -> None
    """Bind the port of all addresses, and tell the server the address that came of it."""
    tried = _socket.socket()
    tried.bind(("0.0.0.0", port))
    server.sendall(tried.getsockname()[0].encode("ascii"))


if __name__ == "__main__":
    main()
