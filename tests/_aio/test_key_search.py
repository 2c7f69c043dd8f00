"""Keys that may block are asked for in threads of our own, and waited for no longer than a call has time."""

import asyncio
import threading
import time

import pytest

from tencentserverless import aio, exception
from tencentserverless._aio import key_search
from tencentserverless._aio.key_search import KeySearches
from tencentserverless.credentials import FromObject
from tencentserverless.models import Credentials, Verdict
from tests.peer import KEYS, Peer, PeerRequest, api_error, ok
from tests.programs import run_program
from tests.proof.campaign import run_on_new_loop
from tests.test_credentials import PROFILE, key_of, write_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, Awaitable, Callable


class Vault:
    """Keys that are had over the network: each reading waits until it may go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.threads: "list[str]" = []

    def get_credential_info(self) -> "tuple[str, str, str]":
        self.threads.append(threading.current_thread().name)
        self.go_on.wait(10)
        return "AKIDvault", "key", ""

    secret_id = property(lambda self: self.get_credential_info()[0])


def call(peer: Peer, act: "Callable[[aio.AsyncClient], Awaitable[Any]]", **options: "Any") -> "Any":
    async def run() -> "Any":
        async with aio.AsyncClient(endpoint=peer.url, **options) as client:
            return await act(client)

    return run_on_new_loop(run())


def test_keys_in_memory_need_no_thread(tmp_path: "os.PathLike[str]") -> None:
    """The profile file's, once it was read."""
    write_profile(str(tmp_path), PROFILE.format("profile"))

    async def act(client: aio.AsyncClient) -> int:
        await client.invoke("f")
        before = threading.active_count()
        for _ in range(5):
            await client.invoke("f")
        return threading.active_count() - before

    with Peer() as peer:
        assert call(peer, act) == 0
        assert {key_of(request) for request in peer.requests} == {"AKIDprofile"}


@pytest.mark.parametrize("kind", ["profile", "object"])
def test_a_busy_executor_of_the_programs_is_nothing_to_us(kind: str, tmp_path: "os.PathLike[str]") -> None:
    write_profile(str(tmp_path), PROFILE.format("profile"))
    vault = Vault()
    vault.go_on.set()

    async def act(client: aio.AsyncClient) -> float:
        may_end = threading.Event()
        loop = asyncio.get_event_loop()
        work = [loop.run_in_executor(None, may_end.wait, 20) for _ in range(64)]
        started = time.monotonic()
        try:
            for _ in range(3):
                await client.invoke("f", timeout=5)
            return time.monotonic() - started
        finally:
            may_end.set()
            await asyncio.wait(work)

    with Peer() as peer:
        assert call(peer, act, **({} if kind == "profile" else {"credentials": vault})) < 5


def test_a_call_waits_for_keys_no_longer_than_it_has_time() -> None:
    vault = Vault()

    async def act(client: aio.AsyncClient) -> float:
        started = time.monotonic()
        with pytest.raises(exception.DeadlineExceeded) as caught:
            await client.invoke("f", timeout=0.2)
        seconds = time.monotonic() - started
        assert caught.value.executed is Verdict.NO
        assert caught.value.attempts == ()
        assert caught.value.message == "the timeout passed before an object of class Vault gave the keys to sign with"
        vault.go_on.set()
        assert await client.invoke("f") == '"ok"'
        return seconds

    with Peer() as peer:
        assert 0.15 < call(peer, act, credentials=vault) < 2.0
        assert len(peer.requests) == 1


def test_a_call_that_may_have_run_says_so_where_new_keys_do_not_come() -> None:
    """The first try was lost, the second one's token refused, and the provider hangs."""

    class Refreshed(Vault):
        def refresh(self) -> None:
            self.go_on.clear()

    source = Refreshed()
    source.go_on.set()
    answers = [b"", api_error("AuthFailure.TokenFailure")]

    def script(channel: "Any") -> None:
        request = channel.read_request()
        while request is not None and answers:
            found = answers.pop(0)
            if not found:
                channel.reset()
                return
            channel.send(found)
            request = channel.read_request()

    async def act(client: aio.AsyncClient) -> None:
        with pytest.raises(exception.DeadlineExceeded) as caught:
            await client.invoke("f", idempotent=True, timeout=2)
        source.go_on.set()
        assert caught.value.executed is Verdict.MAYBE
        assert [attempt.executed for attempt in caught.value.attempts] == [Verdict.MAYBE, Verdict.NO]

    with Peer(script) as peer:
        call(peer, act, credentials=source)


def test_tasks_share_a_search_and_a_hanging_provider_holds_up_no_other() -> None:
    vault = Vault()

    async def act(client: aio.AsyncClient) -> "list[Any]":
        waiting = [asyncio.ensure_future(client.invoke("f", timeout=5)) for _ in range(5)]
        cancelled = asyncio.ensure_future(client.invoke("f"))
        await asyncio.sleep(0.05)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert cancelled.cancelled()
        assert not any(task.done() for task in waiting), "one task's cancellation is not the others'"
        async with aio.AsyncClient(endpoint=client._options["endpoint"], **KEYS) as other:
            assert await other.invoke("g") == '"ok"'
        assert len(vault.threads) == 1
        vault.go_on.set()
        return await asyncio.gather(*waiting)

    with Peer() as peer:
        assert call(peer, act, credentials=vault) == ['"ok"'] * 5
    assert vault.threads == ["tencentserverless-keys"]


def test_each_task_has_an_error_of_its_own() -> None:
    class Sealed:
        secret_key = "key"

        @property
        def secret_id(self) -> str:
            time.sleep(0.05)
            raise OSError("the vault is sealed")

    async def act(client: aio.AsyncClient) -> "list[Any]":
        return await asyncio.gather(*(client.invoke("f") for _ in range(3)), return_exceptions=True)

    with Peer() as peer:
        found = call(peer, act, credentials=Sealed())
    assert [error.message for error in found] == ["the credential provider Sealed failed: the vault is sealed"] * 3
    assert len(set(map(id, found))) == 3


def test_a_thread_is_used_again_and_ends_when_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault()
    vault.go_on.set()
    seen: "list[Any]" = []

    class Watching(Vault):
        def get_credential_info(self) -> "tuple[str, str, str]":
            seen.append(threading.current_thread())
            return "AKIDvault", "key", ""

    async def act(client: aio.AsyncClient) -> None:
        for _ in range(5):
            await client.invoke("f")

    monkeypatch.setattr(key_search, "IDLE_SECONDS", 0.2)
    with Peer() as peer:
        call(peer, act, credentials=Watching())
        call(peer, act, credentials=Watching())
    assert len(set(seen)) <= 4
    for thread in seen:
        thread.join(10)
        assert not thread.is_alive()


def test_searches_that_follow_the_end_of_a_thread_closely_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread gives up in the very moment in which it is wanted again."""
    monkeypatch.setattr(key_search, "IDLE_SECONDS", 0.001)
    vault = Vault()
    vault.go_on.set()

    async def search() -> None:
        searches = KeySearches()
        provider = FromObject(vault)
        for number in range(300):
            assert await searches.search(provider, False) == Credentials("AKIDvault", "key", "")
            await asyncio.sleep(0.0008 + number % 5 * 0.0002)

    run_on_new_loop(asyncio.wait_for(search(), 60))


def test_where_no_thread_can_be_started_that_is_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThreads:
        Lock = threading.Lock

        @staticmethod
        def Thread(**_: object) -> None:
            raise RuntimeError("can't start new thread")

    async def act(client: aio.AsyncClient) -> None:
        for _ in range(2):
            with pytest.raises(
                exception.CredentialError, match="no thread can be started to ask for keys: can't"
            ) as caught:
                await client.invoke("f")
            assert caught.value.executed is Verdict.NO

    monkeypatch.setattr(key_search, "threading", NoThreads)
    with Peer() as peer:
        call(peer, act, credentials=Vault())
        assert peer.accepts == 0


HANGING = """
import asyncio, threading
from tencentserverless import aio, exception
from tests.peer import Peer

class Hanging:
    secret_key = "key"
    secret_id = property(lambda self: threading.Event().wait())

async def main(url):
    try:
        await aio.AsyncClient(endpoint=url, credentials=Hanging()).invoke("f", timeout=0.1)
    except exception.DeadlineExceeded:
        print("late")

with Peer() as peer:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main(peer.url))
    loop.close()
"""


def test_a_provider_that_hangs_does_not_keep_the_program_from_ending() -> None:
    done = run_program(HANGING, flags=())
    assert (done.stdout, done.stderr, done.returncode) == ("late\n", "", 0)


def test_a_loop_that_ends_before_the_keys_are_there_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, recwarn: "Any"
) -> None:
    monkeypatch.setattr(key_search, "IDLE_SECONDS", 0.1)
    vault = Vault()
    known = set(threading.enumerate())

    async def act(client: aio.AsyncClient) -> None:
        with pytest.raises(exception.DeadlineExceeded):
            await client.invoke("f", timeout=0.05)

    with Peer() as peer:
        call(peer, act, credentials=vault)
    [thread] = [one for one in set(threading.enumerate()) - known if one.name == "tencentserverless-keys"]
    vault.go_on.set()
    thread.join(10)
    assert not thread.is_alive()
    assert list(recwarn) == []


def answer_new_keys_only(request: PeerRequest) -> bytes:
    return ok() if key_of(request) == "AKIDnew" else api_error("AuthFailure.TokenFailure")


def test_a_refused_token_is_replaced() -> None:
    class Rotating:
        secret_id, secret_key, token = "AKIDold", "key", "token"

        def refresh(self) -> None:
            self.secret_id = "AKIDnew"

    with Peer(answer=answer_new_keys_only) as peer:
        assert call(peer, lambda client: client.invoke("f"), credentials=Rotating()) == '"ok"'
