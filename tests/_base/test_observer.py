"""What a program can hear of its calls: log records at DEBUG, and ``on_attempt``."""

import asyncio
import logging
import pickle
import subprocess
import sys
import time

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless.models import Attempt, CallInfo, Verdict
from tests.alarms import needs_alarm, on_alarm
from tests.peer import KEYS, Peer, api_error, ok
from tests.proof.campaign import run_on_new_loop
from tests.scripted_service import Service
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TOKEN = "the-session-token"
SECRETS = (KEYS["secret_key"], KEYS["secret_id"], TOKEN, "the-payload", "the-result")


def call_by_thread(url: str, name: str = "f", **options: "Any") -> "Any":
    client_options = {key: options.pop(key) for key in ("on_attempt", "max_attempts") if key in options}
    with scf.Client(endpoint=url, token=TOKEN, **dict(KEYS, **client_options)) as client:
        client._policy.rng = lambda: 0.0
        return client.invoke(name, **options)


def call_by_task(url: str, name: str = "f", **options: "Any") -> "Any":
    client_options = {key: options.pop(key) for key in ("on_attempt", "max_attempts") if key in options}

    async def call() -> "Any":
        async with aio.AsyncClient(endpoint=url, token=TOKEN, **dict(KEYS, **client_options)) as client:
            client._policy.rng = lambda: 0.0
            return await client.invoke(name, **options)

    return run_on_new_loop(call())


CLIENT_KINDS = [call_by_thread, call_by_task]
ROOMS = {call_by_thread: "tencentserverless.scf", call_by_task: "tencentserverless.aio"}


@pytest.fixture(params=CLIENT_KINDS, ids=["threads", "tasks"])
def call(request: "Any") -> "Any":
    return request.param


class Script:
    """Answers in turn; the last one for ever."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)

    def __call__(self, request: "Any") -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_record_tells_of_each_try_and_holds_no_secret(call: "Any", caplog: "Any") -> None:
    caplog.set_level(logging.DEBUG)
    with Peer(answer=Script(api_error("RequestLimitExceeded"), ok('"the-result"'))) as peer:
        call(peer.url, data={"secret": "the-payload"}, region="ap-beijing")
    records = [record for record in caplog.records if record.name.startswith("tencentserverless")]
    assert [record.name for record in records] == [ROOMS[call]] * 2
    assert {record.levelno for record in records} == {logging.DEBUG}
    first, second = records
    assert (first.attempt, first.outcome, first.executed) == (1, "RequestLimitExceeded", "no")
    assert (second.attempt, second.outcome, second.executed) == (2, "ok", "yes")
    assert (second.function_name, second.region, second.request_id, second.function_request_id) == (
        "f",
        "ap-beijing",
        "req-1",
        "fn-1",
    )
    assert second.action == "InvokeFunction"
    assert second.duration_ms > 0
    text = second.getMessage()
    assert "f in ap-beijing: try 2 by InvokeFunction, request req-1: ok, executed=yes, " in text
    for record in records:
        shown = record.getMessage() + repr(vars(record))
        assert not [secret for secret in SECRETS if secret in shown]


def test_a_log_above_debug_hears_nothing(call: "Any", caplog: "Any") -> None:
    caplog.set_level(logging.INFO)
    with Peer() as peer:
        call(peer.url)
    assert [record for record in caplog.records if record.name.startswith("tencentserverless")] == []


def test_what_is_not_used_is_not_loaded() -> None:
    code = (
        "import sys; from tencentserverless import scf; from tests.peer import Peer, KEYS\n"
        "with Peer() as peer, scf.Client(endpoint=peer.url, **KEYS) as client: client.f()\n"
        "rooms = ['logging']\n"
        "lazy = ['tencentserverless._base.observer', 'tencentserverless._base.invocation']\n"
        "if sys.version_info >= (3, 7): rooms += lazy\n"
        "sys.exit(str([room for room in rooms if room in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False)
    assert done.stderr.strip() == b""


def test_the_hook_of_the_client_hears_of_every_try(call: "Any") -> None:
    heard: "list[tuple[Attempt, CallInfo]]" = []
    with Peer(answer=Script(api_error("RequestLimitExceeded"), ok())) as peer:
        call(peer.url, on_attempt=lambda *about: heard.append(about))
        address = peer.address
    assert [(found.number, found.outcome, found.executed) for found, _ in heard] == [
        (1, "RequestLimitExceeded", Verdict.NO),
        (2, "ok", Verdict.YES),
    ]
    attempt, facts = heard[1]
    assert attempt.endpoint == address
    assert repr(facts) == "<CallInfo f in ap-guangzhou, request req-1>"
    for value in (attempt, facts):
        with pytest.raises(AttributeError, match="frozen"):
            value.number = 5  # type: ignore[attr-defined]
        assert repr(pickle.loads(pickle.dumps(value))) == repr(value)


def test_the_hook_of_a_call_or_a_handle_takes_the_place_of_the_clients() -> None:
    heard: "list[str]" = []
    with Peer() as peer, scf.Client(endpoint=peer.url, on_attempt=lambda *_: heard.append("client"), **KEYS) as client:
        client.f()
        client.invoke("f", on_attempt=lambda *_: heard.append("call"))
        client.function("f", on_attempt=lambda *_: heard.append("handle"))(1)
        client.function("f", on_attempt=lambda *_: heard.append("spawn")).spawn(1)
    assert heard == ["client", "call", "handle", "spawn"]


@pytest.mark.parametrize("answers", [[ok()], [api_error("RequestLimitExceeded"), ok()]])
def test_a_hook_that_raises_breaks_nothing_and_repeats_nothing(
    call: "Any", answers: "list[bytes]", caplog: "Any"
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("the hook's own")

    with Peer(answer=Script(*answers)) as peer:
        assert call(peer.url, on_attempt=fail) == '"ok"'
        assert len(peer.requests) == len(answers)
    complaints = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(complaints) == len(answers)
    assert complaints[0].name == "tencentserverless"
    assert complaints[0].exc_info[0] is LookupError


def test_a_hook_that_raises_hides_no_error(call: "Any") -> None:
    def fail(*_: object) -> None:
        raise LookupError("the hook's own")

    refusal = api_error("ResourceNotFound.Function")
    with Peer(answer=Script(refusal)) as peer, pytest.raises(exception.ResourceNotFound) as caught:
        call(peer.url, on_attempt=fail)
    assert caught.value.executed is Verdict.NO


class SoftTimeLimitExceeded(Exception):
    """As Celery's, which a signal handler raises in its worker."""


@needs_alarm
@pytest.mark.parametrize("kind", [SoftTimeLimitExceeded, TimeoutError])
def test_an_error_of_a_signal_handler_in_the_hook_comes_through_and_repeats_nothing(
    call: "Any", kind: "type[Exception]"
) -> None:
    """A time limit of the program's would be lost else: the hook is the caller's code, but the error is not its."""

    def ring(*_: object) -> None:
        raise kind("the program's own")

    with on_alarm(ring) as ring_after:

        def hook(*_: object) -> None:
            ring_after(0.02)
            time.sleep(10)

        with Peer() as peer:
            with pytest.raises(kind, match="the program's own"):
                call(peer.url, on_attempt=hook, idempotent=True)
            assert len(peer.requests) == 1


def test_a_hook_that_calls_is_not_told_of_its_own_calls(caplog: "Any") -> None:
    """It would call itself without end. The log tells of them all the same."""
    caplog.set_level(logging.DEBUG, "tencentserverless.scf")
    heard: "list[str]" = []

    def hook(_: Attempt, facts: CallInfo) -> None:
        heard.append(facts.function_name)
        client.invoke("report")
        client.function("report-2", on_attempt=hook)(1)
        client.spawn("report-3")
        list(client.map("report-4", [1, 2]))

    with Peer() as peer, scf.Client(endpoint=peer.url, on_attempt=hook, **KEYS) as client:
        client.invoke("f")
        client.invoke("g")
        names = [request.fields["FunctionName"] for request in peer.requests]
    reports = ["report", "report-2", "report-3", "report-4", "report-4"]
    assert heard == ["f", "g"]
    assert names == ["f", *reports, "g", *reports]
    told = [record.function_name for record in caplog.records if record.name == "tencentserverless.scf"]
    assert sorted(told) == sorted(names)


@pytest.mark.skipif(not hasattr(asyncio, "current_task"), reason="tasks of Python 3.6 inherit no mark of a hook")
def test_a_hook_that_starts_tasks_is_not_told_of_their_calls() -> None:
    heard: "list[str]" = []
    tasks: "list[Any]" = []

    async def run(url: str) -> None:
        def hook(_: Attempt, facts: CallInfo) -> None:
            heard.append(facts.function_name)
            tasks.append(asyncio.ensure_future(client.invoke("report")))

        async with aio.AsyncClient(endpoint=url, on_attempt=hook, **KEYS) as client:
            await client.invoke("f")
            await client.invoke("g")
            while tasks:
                await tasks.pop()

    with Peer() as peer:
        run_on_new_loop(run(peer.url))
    assert heard == ["f", "g"]


class Shipping(logging.Handler):
    """Ships records to a function."""

    def __init__(self, client: scf.Client) -> None:
        super().__init__()
        self.client = client

    def emit(self, record: logging.LogRecord) -> None:
        self.client.invoke("ship", data=record.getMessage())


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
def test_a_log_handler_that_calls_is_not_told_of_its_own_calls(level: int) -> None:
    """At ERROR, a hook fails, and the handler ships that."""

    def fail(*_: object) -> None:
        raise LookupError("the hook's own")

    logger = logging.getLogger("tencentserverless" if level == logging.ERROR else "tencentserverless.scf")
    hook = fail if level == logging.ERROR else None
    with Peer() as peer, scf.Client(endpoint=peer.url, on_attempt=hook, **KEYS) as client:
        handler = Shipping(client)
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(level)
        try:
            client.invoke("f")
        finally:
            logger.setLevel(before)
            logger.removeHandler(handler)
        assert [request.fields["FunctionName"] for request in peer.requests] == ["f", "ship"]


def test_a_hook_that_was_interrupted_is_told_of_the_next_call() -> None:
    class Stop(BaseException):
        """As KeyboardInterrupt."""

    heard: "list[str]" = []

    def hook(_: Attempt, facts: CallInfo) -> None:
        heard.append(facts.function_name)
        if facts.function_name == "f":
            raise Stop

    with Peer() as peer, scf.Client(endpoint=peer.url, on_attempt=hook, **KEYS) as client:
        with pytest.raises(Stop):
            client.invoke("f")
        client.invoke("g")
    assert heard == ["f", "g"]


@pytest.mark.parametrize("client", [scf.Client, aio.AsyncClient])
def test_a_hook_that_cannot_be_called_is_refused(client: "Any") -> None:
    with pytest.raises(TypeError, match="on_attempt must be a function of an Attempt and a CallInfo, not 5"):
        client(on_attempt=5, **KEYS)


def test_a_calls_hook_that_cannot_be_called_is_refused_and_nothing_is_sent(call: "Any") -> None:
    with Peer() as peer:
        with pytest.raises(TypeError, match="on_attempt"):
            call(peer.url, on_attempt="x")
        assert peer.requests == []


def test_questions_about_an_invocation_are_told_of(caplog: "Any") -> None:
    caplog.set_level(logging.DEBUG)
    heard: "list[str]" = []
    with Service() as service:
        hook = lambda attempt, facts: heard.append(attempt.action + " " + attempt.outcome)  # noqa: E731
        with scf.Client(endpoint=service.url, on_attempt=hook, **KEYS) as client:
            assert client.spawn("f-limit-ok").result(20) == '{"a": 1}'
    assert heard == ["Invoke ok", "GetRequestStatus RequestLimitExceeded", "GetRequestStatus ok"]
    assert [record.action for record in caplog.records if record.name == "tencentserverless.scf"] == [
        "Invoke",
        "GetRequestStatus",
        "GetRequestStatus",
    ]


def test_the_verdict_of_a_task_that_was_cancelled_is_in_the_log(caplog: "Any") -> None:
    caplog.set_level(logging.DEBUG, "tencentserverless.aio")

    def script(channel: "Any") -> None:
        channel.read_request()
        channel.wait_for_end()

    async def run(peer: Peer) -> None:
        client = aio.AsyncClient(endpoint=peer.url, **KEYS)
        task = asyncio.ensure_future(client.invoke("f"))
        await asyncio.get_event_loop().run_in_executor(None, peer.wait_until, lambda peer: bool(peer.requests))
        task.cancel()
        await asyncio.wait([task])
        early = asyncio.ensure_future(client.invoke("g"))
        await asyncio.sleep(0)
        early.cancel()
        await asyncio.wait([early])
        await client.close()

    with Peer(script) as peer:
        run_on_new_loop(run(peer))
    ends = [record for record in caplog.records if "interrupted after" in record.getMessage()]
    assert [(record.function_name, record.executed) for record in ends] == [("f", "maybe"), ("g", "no")]
    assert ends[0].getMessage() == "f in ap-guangzhou: interrupted after 1 tries, executed=maybe"
