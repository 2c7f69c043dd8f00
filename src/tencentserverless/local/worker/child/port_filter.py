"""A seccomp filter by which the server hears of ``bind``, ``listen`` and ``connect`` of an instance before the kernel does.

Runs on Python 2.7 and 3.6+ and imports the standard library alone. The kernel stops each such call until the server
answers (``worker/port_watch``), which may change the address in the meantime. All processes of the instance inherit
the filter. It needs no privilege and no namespace.

Source: seccomp(2), seccomp_unotify(2), include/uapi/linux/seccomp.h, and asm/unistd.h of each machine.
"""

import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Tuple

#: The machine in the words of audit(7); then the numbers of seccomp, bind, listen, setsockopt and connect.
NUMBERS = {
    "x86_64": (0xC000003E, 317, 49, 50, 54, 42),
    "aarch64": (0xC00000B7, 277, 200, 201, 208, 203),
}
IPPROTO_IPV6, IPV6_V6ONLY = 41, 26
_V4_BYTES, _V6_BYTES = 16, 28  # of an address; others, such as those of Unix sockets, are no address of a port

_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_NUMBER, _MACHINE, _ARGUMENT_1, _ARGUMENT_2 = 0, 4, 24, 32  # in struct seccomp_data; the lower half on these machines
_NO_NEW_PRIVILEGES = 38
_SET_FILTER, _WITH_LISTENER = 1, 8


def machine_numbers():
    # type: () -> Optional[Tuple[int, int, int, int, int, int]]
    """Return the numbers of this machine, None if they are not known."""
    return NUMBERS.get(os.uname()[4])


def install():
    # type: () -> int
    """Install the filter in this process, which must have one thread, and return the descriptor of its listener.

    :raises OSError: if the kernel refuses; strerror names the system call
    """
    numbers = machine_numbers()
    if numbers is None:
        raise OSError(0, "seccomp: the numbers of {} are not known".format(os.uname()[4]))
    import _ctypes

    class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "i"

    class _Char(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "c"

    class _Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = _Int

    code = _code(numbers)

    class _Code(_ctypes.Array):  # type: ignore[type-arg]
        _type_ = _Char
        _length_ = len(code)

    library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]

    def call(name, *arguments):
        # type: (str, Any) -> int
        result = _Function(_ctypes.dlsym(library, name))(*arguments)
        if result < 0:
            number = _ctypes.get_errno()
            raise OSError(number, "seccomp: {}".format(os.strerror(number)))
        return result  # type: ignore[no-any-return]

    held = _Code.from_buffer(bytearray(code))
    program = struct.pack("@HP", len(code) // 8, _ctypes.addressof(held))
    call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return call("syscall", numbers[1], _SET_FILTER, _WITH_LISTENER, program)


def _code(numbers):
    # type: (Tuple[int, int, int, int, int, int]) -> bytes
    """Return the program of the filter: it stops bind, listen, connect by IP, and setsockopt of IPV6_V6ONLY alone."""
    machine, _, bind, listen, setsockopt, connect = numbers
    rows = [
        (_LOAD, 0, 0, _MACHINE),
        (_JUMP_IF_EQUAL, 0, 12, machine),  # else to the end: calls of another machine's numbers
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_EQUAL, 11, 0, bind),
        (_JUMP_IF_EQUAL, 10, 0, listen),
        (_JUMP_IF_EQUAL, 5, 0, connect),
        (_JUMP_IF_EQUAL, 0, 7, setsockopt),
        (_LOAD, 0, 0, _ARGUMENT_1),
        (_JUMP_IF_EQUAL, 0, 5, IPPROTO_IPV6),
        (_LOAD, 0, 0, _ARGUMENT_2),
        (_JUMP_IF_EQUAL, 4, 3, IPV6_V6ONLY),
        (_LOAD, 0, 0, _ARGUMENT_2),  # of connect: the size of the address
        (_JUMP_IF_EQUAL, 2, 0, _V4_BYTES),
        (_JUMP_IF_EQUAL, 1, 0, _V6_BYTES),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _NOTIFY),
    ]  # type: List[Tuple[int, int, int, int]]
    return b"".join(struct.pack("=HBBI", *row) for row in rows)
