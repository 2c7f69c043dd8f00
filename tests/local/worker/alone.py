"""Runs a check in a network of its own, where it has every port to itself: tests run beside each other.

    python -m tests.local.worker.alone MODULE FUNCTION ARGUMENT...

calls the function with the arguments, in a network namespace that has nothing but loopback.
"""

import ctypes
import fcntl
import importlib
import os
import socket
import struct
import subprocess
import sys

import pytest

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_FLAGS, _UP = 0x8914, 1
_REFUSED = 77


def run_alone(module: str, function: str, *arguments: object) -> None:
    """Run a check; skip the test where the system gives no network namespace."""
    command = [sys.executable, "-m", __name__, module, function, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    if done.returncode == _REFUSED:
        pytest.skip(f"this system gives no network namespace: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr


def _enter() -> None:
    if sys.platform != "linux":
        raise OSError(f"{sys.platform} has none")
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_NET):
        if libc.unshare(_NEW_NET | _NEW_USER):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


if __name__ == "__main__":
    try:
        _enter()
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(_REFUSED)
    getattr(importlib.import_module(sys.argv[1]), sys.argv[2])(*sys.argv[3:])
