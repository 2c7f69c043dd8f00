"""The driver obeys a flow's effects, and a connection always comes back or is dropped, whatever ends the call."""

import gc
import os
import signal
import threading
import time
import weakref

import pytest

from tencentserverless import exception
from tencentserverless._core.flow import Sleep
from tencentserverless._sync.driver import run
from tencentserverless.credentials import Provider
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Channel, Peer, ok

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator


def test_a_sleep_is_slept() -> None:
    def flow() -> "Generator[Any, Any, str]":
        assert (yield Sleep(0.05)) is None
        return "done"

    started = time.monotonic()
    assert run(flow(), None, Provider()) == "done"  # type: ignore[arg-type]
    assert time.monotonic() - started >= 0.05


def test_a_flow_is_closed_when_performing_an_effect_fails() -> None:
    closed = []

    def flow() -> "Generator[Any, Any, str]":
        try:
            yield Sleep("not a number")  # type: ignore[arg-type]
        finally:
            closed.append(True)
        return ""

    with pytest.raises(TypeError):
        run(flow(), None, Provider())  # type: ignore[arg-type]
    assert closed == [True]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
def test_an_interrupt_while_waiting_drops_the_connection_and_frees_its_place() -> None:
    """Ctrl-C in the middle of a call: the late answer must never be taken for the next call's."""

    def script(channel: Channel) -> None:
        channel.read_request()
        if channel.number == 1:
            signal.pthread_kill(main, signal.SIGALRM)
            channel.wait_for_end()
        channel.send(ok('"second"'))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    main = threading.main_thread().ident
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Peer(script) as peer, Client(endpoint=peer.url, max_connections=1, **KEYS) as client:
            with pytest.raises(KeyboardInterrupt):
                client.invoke("f", timeout=20)
            assert client.invoke("f", timeout=20) == '"second"'
            assert peer.accepts == 2
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
def test_a_handler_that_returns_does_not_disturb_a_call() -> None:
    def script(channel: Channel) -> None:
        channel.read_request()
        channel.peer.wait_until(lambda peer: len(ticks) > 5)
        channel.send(ok())

    ticks: "list[int]" = []
    before = signal.signal(signal.SIGALRM, lambda *_: ticks.append(1))
    try:
        with Peer(script) as peer, Client(endpoint=peer.url, **KEYS) as client:
            signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
            assert client.invoke("f", timeout=20) == '"ok"'
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_a_providers_bug_raises_passes_through_and_leaves_no_connection() -> None:
    class Buggy:
        secret_id = "a"
        secret_key = "b"

        def get_credential_info(self) -> "Any":
            raise SystemExit(3)

    with Peer() as peer, Client(endpoint=peer.url, credentials=Buggy()) as client:
        with pytest.raises(SystemExit):
            client.invoke("f")
        assert peer.accepts == 0


def test_an_error_is_freed_as_soon_as_nobody_holds_it() -> None:
    """An answer of 40 MB must not wait for the collector because its error's traceback holds the error."""
    with Peer(lambda channel: channel.close()) as peer, Client(endpoint=peer.url, max_attempts=1, **KEYS) as client:
        gc.collect()
        gc.disable()
        try:
            reference = None
            try:
                client.invoke("f")
            except exception.NetworkError as error:
                reference = weakref.ref(error)
            assert reference is not None
            assert reference() is None
        finally:
            gc.enable()


def answer_by_turns(channel: Channel) -> None:
    """A script: every fourth connection is good; the others are reset, cut or closed."""
    kind = channel.number % 4
    while channel.read_request() is not None:
        if kind == 0:
            channel.send(ok())
            continue
        if kind == 1:
            channel.reset()
        elif kind == 2:
            channel.send(ok()[:40])
        return


def test_a_call_in_each_of_many_threads_ends_in_a_result_or_an_error_of_ours() -> None:
    """A peer that answers, resets, cuts and hangs up by turns; no place is lost by any of them."""

    outcomes: "list[Any]" = []
    with Peer(answer_by_turns) as peer, Client(endpoint=peer.url, max_connections=4, max_attempts=1, **KEYS) as client:

        def work() -> None:
            for _ in range(10):
                try:
                    outcomes.append(client.invoke("f", timeout=20))
                except exception.NetworkError as error:
                    outcomes.append(error.executed)

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(outcomes) == 160
        assert set(map(str, outcomes)) <= {'"ok"', str(Verdict.MAYBE), str(Verdict.NO)}
        assert peer.most_open <= 8, "of sixteen; those whose end the peer has not yet seen overlap with the next"
        assert client._pool.state.opened == client._pool.state.idle


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_process_that_runs_out_of_descriptors_gets_a_connect_error() -> None:
    resource = pytest.importorskip("resource")
    reader, writer = os.pipe()
    with Peer() as peer:
        pid = os.fork()
        if pid == 0:
            said = "nothing"
            try:
                os.close(reader)
                used = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 64
                resource.setrlimit(resource.RLIMIT_NOFILE, (used, used))
                keep = []
                try:
                    while True:
                        keep.append(os.dup(writer))
                except OSError:
                    pass
                client = Client(endpoint=peer.url, max_attempts=1, **KEYS)
                try:
                    said = str(client.invoke("f"))
                except exception.CallError as error:
                    said = type(error).__name__ + " " + error.executed.name
                for number in keep:
                    os.close(number)
                said += " then " + str(client.invoke("f"))
            except BaseException as error:  # noqa: BLE001  # the parent shows it
                said = repr(error)
            finally:
                os.write(writer, said.encode("utf-8"))
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            said = stream.read().decode("utf-8")
        os.waitpid(pid, 0)
    assert said == 'ConnectError NO then "ok"'
