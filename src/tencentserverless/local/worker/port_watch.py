"""Answers the system calls at which the filter of an instance stops, and leads its port to an address of its own.

A web function binds port 9000 of all addresses. The instance's call gets another address while it is stopped, one of
127.64.0.0/10 that no other instance has, and goes on: so any number of instances listen on port 9000 of one machine.
``child/port_filter`` is the filter.

Source: seccomp_unotify(2).
"""

import contextlib
import errno
import fcntl
import ipaddress
import os
import select
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

from tencentserverless.local.worker.child.port_filter import machine_numbers

WEB_PORT = 9000  # document/product/583/56126: the port on which a web function listens
_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102  # ioctls of include/uapi/linux/seccomp.h
_REQUEST = struct.Struct("=QIIiIQ6Q")  # id, thread, flags; number, machine, instruction, arguments
_ANSWER = struct.Struct("=QqiI")  # id, value, error, flags
_GO_ON = 1
_V4, _V6 = struct.Struct("=H2s4s"), struct.Struct("=H2s4s16s4s")  # family, port, [flow], address, [scope]
_LONGEST_ADDRESS = _V6.size
_MAX_SOCKETS = 4096  # that are remembered of one instance
_ANY_PORT = b"\0\0"
_OF_THIS_MACHINE = frozenset(("127.0.0.1", "0.0.0.0", "::1", "::"))  # noqa: S104  # of a connect


class Asked(NamedTuple):
    """A socket that an instance listens on, as it asked for it.

    :param host: an IP address
    :param process: the number of the process
    """

    host: str
    port: int
    process: int

    @property
    def is_loopback(self) -> bool:
        """True if the cloud could not reach it."""
        address = ipaddress.ip_address(self.host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback

    @property
    def is_this_machine(self) -> bool:
        """True if a connection to it stays here, and it is no address that an instance has."""
        address = ipaddress.ip_address(self.host)
        return str(getattr(address, "ipv4_mapped", None) or address) in _OF_THIS_MACHINE


class PortWatch:
    """The filter's listener of one instance.

    :param listener: its descriptor, which is closed by ``close``
    :param address: the instance's own
    :param on_listen: called when the instance begins to listen on a TCP port that it has chosen
    :param on_hidden: called with the number of a process into whose memory the kernel does not let the server look:
        where Yama guards it (ptrace_scope), a process that has left the instance
    """

    def __init__(
        self,
        listener: int,
        address: str,
        on_listen: Callable[[Asked], None],
        on_hidden: Callable[[int], None] = lambda _: None,
    ) -> None:
        numbers = machine_numbers()
        assert numbers is not None, "the filter was installed on this machine"
        _, _, self._bind, self._listen, _, self._connect = numbers
        self._listener = listener
        self._address = address
        self._packed = socket.inet_aton(address)
        self._on_listen = on_listen
        self._on_hidden = on_hidden
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._asked: dict[str, Asked] = {}  # by the name of the socket in /proc
        self._v6_only: set[str] = set()
        self._is_led = False  # it has asked for port 9000

    def fileno(self) -> int:
        """Return the descriptor, which is readable while a call is stopped."""
        return self._listener

    def answer(self) -> bool:
        """Answer the calls that are stopped. Returns False if none will come any more."""
        while events := self._poll.poll(0):
            if not events[0][1] & select.POLLIN:
                return False
            request = bytearray(_REQUEST.size)
            try:
                fcntl.ioctl(self._listener, _RECEIVE, request)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):  # its process has been killed meanwhile
                    continue
                raise
            self._answer_one(request)
        return True

    def close(self) -> None:
        """Close the listener. Calls that stop from now on fail with ENOSYS."""
        if self._listener >= 0:
            os.close(self._listener)
            self._listener = -1

    def _answer_one(self, request: bytearray) -> None:
        identity, thread, _, number, _, _, *arguments = _REQUEST.unpack(request)
        asked: Asked | None = None
        try:
            name = os.readlink(f"/proc/{thread}/fd/{arguments[0] & 0xFFFFFFFF}")
            if number == self._listen:
                asked = self._asked.get(name)
            elif number == self._bind:
                self._lead(identity, thread, name, arguments[1], arguments[2])
            elif number == self._connect:
                self._lead_to_itself(identity, thread, arguments[1], arguments[2])
            else:
                self._note_v6_only(thread, name, arguments[3])
        except PermissionError:  # its call goes on as it is
            if number != self._connect:
                self._on_hidden(_process_of(thread))
        except OSError:
            pass  # the process is gone
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._listener, _SEND, _ANSWER.pack(identity, 0, 0, _GO_ON))
        if asked is not None:
            self._on_listen(asked._replace(process=_process_of(thread)))

    def _lead(self, identity: int, thread: int, name: str, place: int, length: int) -> None:
        """Write the instance's own address into the address of a ``bind``, if it is for the port of web functions."""
        memory = os.open(f"/proc/{thread}/mem", os.O_RDWR)
        try:
            fcntl.ioctl(self._listener, _IS_VALID, struct.pack("=Q", identity))  # it is still this process's memory
            given = os.pread(memory, min(length, _LONGEST_ADDRESS), place)
            asked = _read_address(given)
            if asked is None:
                return
            if len(self._asked) >= _MAX_SOCKETS:
                self._asked.clear()
            self._asked[name] = asked
            if asked.port == WEB_PORT:
                self._is_led = True
                os.pwrite(memory, self._led(given, is_v6_only=name in self._v6_only), place)
        finally:
            os.close(memory)

    def _lead_to_itself(self, identity: int, thread: int, place: int, length: int) -> None:
        """Write the instance's own address into that of a ``connect`` to port 9000 of this machine: it calls itself."""
        if not self._is_led:
            return
        memory = os.open(f"/proc/{thread}/mem", os.O_RDWR)
        try:
            fcntl.ioctl(self._listener, _IS_VALID, struct.pack("=Q", identity))
            given = os.pread(memory, min(length, _LONGEST_ADDRESS), place)
            asked = _read_address(given)
            if asked is not None and asked.port == WEB_PORT and asked.is_this_machine:
                os.pwrite(memory, self._led(given, is_v6_only=False), place)
        finally:
            os.close(memory)

    def _led(self, given: bytes, *, is_v6_only: bool) -> bytes:
        """Return the address in place of the given one."""
        if int.from_bytes(given[:2], "little") == socket.AF_INET:
            family, port, _ = _V4.unpack_from(given)
            return _V4.pack(family, port, self._packed)
        family, port, flow, _, scope = _V6.unpack_from(given)
        if is_v6_only:  # it can have no address of IPv4: beside it, there is a socket for that, or nothing reaches it
            return _V6.pack(family, _ANY_PORT, flow, ipaddress.IPv6Address("::1").packed, scope)
        return _V6.pack(family, port, flow, ipaddress.IPv6Address(f"::ffff:{self._address}").packed, scope)

    def _note_v6_only(self, thread: int, name: str, place: int) -> None:
        with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
            memory.seek(place)
            value = struct.unpack("=i", memory.read(4))[0]
        if len(self._v6_only) >= _MAX_SOCKETS:
            self._v6_only.clear()
        (self._v6_only.add if value else self._v6_only.discard)(name)


def _read_address(given: bytes) -> Asked | None:
    """Read the address of a ``bind``; None if it is none of IP."""
    family = int.from_bytes(given[:2], "little")
    if family == socket.AF_INET and len(given) >= _V4.size:
        _, port, host = _V4.unpack_from(given)
        return Asked(socket.inet_ntop(family, host), int.from_bytes(port, "big"), 0)
    if family == socket.AF_INET6 and len(given) >= _V6.size:
        _, port, _, host, _ = _V6.unpack_from(given)
        return Asked(socket.inet_ntop(family, host), int.from_bytes(port, "big"), 0)
    return None


def _process_of(thread: int) -> int:
    """Return the process of a thread; the number itself if it is gone."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{thread}/status", "rb") as file:
        return int(file.read(4096).partition(b"Tgid:")[2].split(None, 1)[0])
    return thread
