"""Request ids are those of no other call."""

import os
import uuid

from tencentserverless.local.invocation import new_request_id


def test_they_are_uuids_of_version_4():
    assert {uuid.UUID(new_request_id()).version for _ in range(100)} == {4}
    assert len({new_request_id() for _ in range(100)}) == 100


def test_forks_of_one_process_give_others():
    reading, writing = os.pipe()
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            os.write(writing, new_request_id().encode())
            os._exit(0)
        os.waitpid(pid, 0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    assert len(text) == 72
    assert len({text[:36], text[36:], new_request_id()}) == 3
