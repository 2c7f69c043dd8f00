"""Whether, where and when a function listens, as its launcher, its filter and its shims tell it."""

import asyncio
import contextlib
import os
import socket

import pytest

from tencentserverless.local.worker import web_listening
from tencentserverless.local.worker.web_listening import Listening, Target
from tencentserverless.local.worker.web_ports import Way


@contextlib.asynccontextmanager
async def listening(tmp_path, way, address):
    ours, theirs = socket.socketpair()
    pipe, told = tmp_path / "pipe", []
    if way is Way.SHIMS:
        os.mkfifo(pipe)
    with ours, theirs:
        watch = Listening(ours, Target(way, address, pipe), told.append)
        try:
            yield watch, theirs, pipe, told
        finally:
            watch.close()
            watch.close()


def tell(pipe, text):
    with open(pipe, "w") as file:
        file.write(text)


def test_a_port_that_something_else_has_counts_only_when_the_shim_tells(tmp_path):
    async def scenario(host, fault):
        place = tmp_path / host
        place.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as other:
            async with listening(place, Way.SHIMS, other.getsockname()) as (watch, _, pipe, _told):
                waiting = asyncio.ensure_future(watch.wait())
                done, _ = await asyncio.wait({waiting}, timeout=0.1)
                assert not done
                tell(pipe, f"{host} 4321\n")
                found = await waiting
                assert (found is None) is not fault
                assert watch.process == 4321

    asyncio.run(scenario("0.0.0.0", fault=False))
    asyncio.run(scenario("localhost", fault=True))


def test_a_shim_that_tells_behind_the_call_is_heard(tmp_path, monkeypatch):
    monkeypatch.setattr(web_listening, "_TOLD_SECONDS", 60.0)

    async def scenario():
        with socket.socket() as late:
            late.bind(("127.0.0.1", 0))
            async with listening(tmp_path, Way.SHIMS, late.getsockname()) as (watch, _, pipe, _told):
                connects, is_connected = watch._connects, asyncio.Event()

                async def noted():
                    found = await connects()
                    if found:
                        is_connected.set()
                    return found

                monkeypatch.setattr(watch, "_connects", noted)
                waiting = asyncio.ensure_future(watch.wait())
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                late.listen()
                await is_connected.wait()
                await asyncio.wait({waiting}, timeout=0.05)
                tell(pipe, "127.0.0.1 4321\n")
                assert "127.0.0.1:9000 alone" in await waiting

    asyncio.run(scenario())


def test_a_server_that_no_shim_reaches_is_found_by_connecting(tmp_path):
    async def scenario():
        with socket.socket() as late:
            late.bind(("127.0.0.1", 0))
            async with listening(tmp_path, Way.SHIMS, late.getsockname()) as (watch, *_):
                waiting = asyncio.ensure_future(watch.wait())
                await asyncio.wait({waiting}, timeout=0.05)
                late.listen()
                assert await asyncio.wait_for(waiting, 20) is None
                assert watch.process == 0

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (b"failed 2 No such file or directory", 443, "[./scf_bootstrap] no such file or directory"),
        (b"failed 8 Exec format error", 443, "[./scf_bootstrap] exec format error"),
        (b"failed 16 seccomp: Device or resource busy", 445, "seccomp: Device or resource busy"),
        (b"failed 1 unshare: Operation not permitted", 445, "unshare: Operation not permitted"),
    ],
)
def test_what_a_launcher_that_fails_becomes(tmp_path, said, status, words):
    async def scenario():
        async with listening(tmp_path, Way.SECCOMP, ("127.0.0.1", 1)) as (watch, theirs, _, told):
            theirs.sendall(said)
            theirs.close()
            failure = watch.failure_of_launch()
            assert (failure.status, words in failure.message) == (status, True)
            assert bool(told) is (status == 443)

    asyncio.run(scenario())


def test_a_launcher_that_has_become_the_function_is_no_failure(tmp_path):
    async def scenario():
        async with listening(tmp_path, Way.SECCOMP, ("127.0.0.1", 1)) as (watch, theirs, *_):
            theirs.close()
            assert watch.failure_of_launch() is None
            assert watch.describe_silence(65) == "nothing listens on 0.0.0.0:9000 after 65 seconds, its InitTimeout"

    asyncio.run(scenario())
