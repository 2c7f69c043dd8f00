"""How many instances there are where a program may have few files open."""

import json
import resource
import sys

import pytest

from tencentserverless.local import descriptor_limit
from tests.conftest import scf_command, wait_until

CODE = """
import os, resource
def main_handler(event, context):
    return [os.getpid(), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]
"""
COUNT = 16  # more than 60 files have room for, and more than live where there may be 128


@pytest.fixture
def start_with(start_local_scf, tmp_path):
    """Starts a server of so many functions as a shell that has set a limit does."""
    for number in range(COUNT):
        folder = tmp_path / "functions" / f"fn{number}"
        folder.mkdir(parents=True)
        (folder / "index.py").write_text(CODE)
    command = scf_command("local", "start", tmp_path / "functions", "--port", 0, "--ephemeral", "--env-file")

    def start(limit):
        return start_local_scf._start(["sh", "-c", f'ulimit {limit} && exec "$@"', "sh", *command], {})

    return start


def call_all(server):
    results = [server.invoke(f"fn{number}") for number in range(COUNT)]
    assert [result["ErrMsg"] for result in results] == [""] * COUNT
    return [json.loads(result["RetMsg"]) for result in results]


def test_a_soft_limit_is_raised_and_functions_keep_what_the_server_was_given(start_with):
    answers = call_all(start_with("-Sn 60"))
    assert len({pid for pid, _ in answers}) == COUNT
    if sys.platform == "linux":
        assert {soft for _, soft in answers} == {60}


@pytest.mark.proof
def test_idle_instances_make_room_where_the_hard_limit_lets_few_live(start_with, runs):
    server = start_with("-n 128")
    pids = {pid for pid, _ in call_all(server)}
    assert len(pids) == COUNT
    wait_until(lambda: sum(map(runs, pids)) <= (128 - 64) // 5)
    assert "Too many open files" not in server.stderr


@pytest.mark.parametrize(
    ("soft", "hard", "count"),
    [
        (256, resource.RLIM_INFINITY, 1625),
        (1024, 1048576, 1625),
        (256, 256, 38),
        (64, 64, 1),
        (20_000, 20_000, 3987),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 1625),
    ],
)
def test_so_many_instances_for_a_limit(monkeypatch, soft, hard, count):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    assert descriptor_limit.count_instances() == count
