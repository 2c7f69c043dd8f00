"""The filter's program: which system calls stop, judged by an interpreter of it, and what an unknown machine gets."""

import os
import struct

import pytest

from tencentserverless.local.worker.child import port_filter

ALLOW, NOTIFY = 0x7FFF0000, 0x7FC00000


def judge(numbers, machine, call, *arguments):
    """What the program says of a system call: a small machine of the three instructions that it uses."""
    data = struct.pack("=iIQ6Q", call, machine, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    rows = list(struct.iter_unpack("=HBBI", port_filter._code(numbers)))
    place, loaded = 0, 0
    while True:
        code, if_true, if_false, value = rows[place]
        place += 1
        if code == 0x20:
            loaded = struct.unpack_from("=I", data, value)[0]
        elif code == 0x15:
            place += if_true if loaded == value else if_false
        else:
            return value


@pytest.mark.parametrize("name", port_filter.NUMBERS)
def test_which_calls_stop(name):
    numbers = port_filter.NUMBERS[name]
    machine, seccomp, bind, listen, setsockopt, connect = numbers
    assert judge(numbers, machine, bind) == judge(numbers, machine, listen) == NOTIFY
    assert judge(numbers, machine, setsockopt, 3, 41, 26) == NOTIFY
    assert [judge(numbers, machine, connect, 3, 0, size) for size in (16, 28)] == [NOTIFY] * 2
    others = [
        (seccomp,),
        (setsockopt, 3, 41, 25),
        (setsockopt, 3, 6, 26),
        (setsockopt, 41, 26, 1),
        (connect, 3, 0, 110),  # by the path of a Unix socket
        (0,),
        (bind | 1 << 30,),
    ]
    assert [judge(numbers, machine, *each) for each in others] == [ALLOW] * len(others)
    assert judge(numbers, machine + 1, bind) == ALLOW


def test_a_machine_whose_numbers_are_not_known(monkeypatch):
    monkeypatch.setattr(os, "uname", lambda: ("Linux", "host", "6.1", "1", "riscv64"))
    assert port_filter.machine_numbers() is None
    with pytest.raises(OSError, match="numbers of riscv64 are not known") as refusal:
        port_filter.install()
    assert refusal.value.errno == 0
