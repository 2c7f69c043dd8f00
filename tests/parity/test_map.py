"""Maps are alike on both clients: the same answers lead to the same outcomes, in the same order."""

import asyncio
import gc
import itertools
import json
import logging
import pickle
import shutil
import sqlite3
import threading
import time

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless._base import map as base_map
from tencentserverless.journal import Journal, JournalError
from tencentserverless.models import Verdict
from tests.peer import KEYS, WAIT_SECONDS, Peer, api_error, http_answer, ok, result_body
from tests.proof.campaign import run_on_new_loop
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_event(request: "Any") -> "Any":
    return json.loads(request.fields["Event"])


def fail(status: int, message: str = "no") -> bytes:
    """An answer with an error object, as the platform marks one."""
    text = json.dumps({"errorCode": -1, "errorMessage": message, "requestId": "fn-1", "statusCode": status})
    return http_answer(result_body(text, InvokeResult=status, ErrMsg=message))


def answer(request: "Any") -> bytes:
    """What the event asks for."""
    event = read_event(request)
    if isinstance(event, dict):
        if "status" in event:
            return fail(event["status"])
        if "http" in event:
            return http_answer("<html>", "502 Bad Gateway")
        time.sleep(event.get("sleep", 0))
    return ok(json.dumps(event))


#: What a map raises in place of an outcome.
RAISED = (
    ValueError,
    TypeError,
    LookupError,
    exception.CallError,
    exception.TencentServerlessSDKException,
)


class Threads:
    """What a test does, on threads."""

    def __init__(self, peer: Peer, **options: "Any") -> None:
        self.client = scf.Client(endpoint=peer.url, **dict(KEYS, **options))

    def map(
        self, inputs: "Any", count: "int | None" = None, look: "Any" = lambda: None, **options: "Any"
    ) -> "list[Any]":
        """So many outcomes of a map, all if None; errors that are raised are among them. Then it is left.

        :param look: called before that
        """
        found = []
        outcomes = self.client.map("f", inputs, **options)
        while count is None or len(found) < count:
            try:
                found.append(next(outcomes))
            except StopIteration:
                break
            except RAISED as error:
                found.append(error)
        look()
        self.pulled = outcomes.pulled
        self.throttled = outcomes.throttled
        outcomes.close()
        assert outcomes.in_flight == 0
        return found

    def close(self) -> None:
        state = self.client._pool.state
        assert state.opened == state.idle
        assert not state.waiting
        self.client.close()


class Tasks:
    """The same, on tasks."""

    def __init__(self, peer: Peer, **options: "Any") -> None:
        self.client = aio.AsyncClient(endpoint=peer.url, **dict(KEYS, **options))

    def map(
        self, inputs: "Any", count: "int | None" = None, look: "Any" = lambda: None, **options: "Any"
    ) -> "list[Any]":
        async def collect() -> "list[Any]":
            found = []
            outcomes = self.client.map("f", inputs, **options)
            while count is None or len(found) < count:
                try:
                    found.append(await outcomes.__anext__())
                except StopAsyncIteration:
                    break
                except RAISED as error:
                    found.append(error)
            look()
            self.pulled = outcomes.pulled
            self.throttled = outcomes.throttled
            await outcomes.aclose()
            assert outcomes.in_flight == 0
            state = self.client._get_pool().state
            assert state.opened == state.idle
            assert not state.waiting
            await self.client.close()
            return found

        return run_on_new_loop(collect())

    def close(self) -> None:
        """Each loop closed its own pool."""


@pytest.fixture(params=[Threads, Tasks], ids=["threads", "tasks"])
def client_kind(request):
    """Make callers of one kind of client, and close them at the end."""
    made = []

    def make(peer: Peer, **options: "Any") -> "Any":
        made.append(request.param(peer, **options))
        return made[-1]

    yield make
    for caller in made:
        caller.close()


@pytest.fixture
def peer():
    with Peer(answer=answer) as peer:
        yield peer


@pytest.fixture
def caller(client_kind, peer):
    return client_kind(peer)


def test_outcomes_come_in_the_order_of_the_inputs_and_know_their_position(caller):
    inputs = [{"n": 0, "sleep": 0.2}] + [{"n": n} for n in range(1, 50)]
    found = caller.map(inputs, concurrency=8)
    assert [result.json()["n"] for result in found] == list(range(50))
    assert [result.position for result in found] == list(range(50))
    assert [pickle.loads(pickle.dumps(result)).position for result in found] == list(range(50))
    assert found[3].request_id == "req-1"


def test_without_order_they_come_as_they_end(caller):
    inputs = [{"n": 0, "sleep": 0.5}] + [{"n": n} for n in range(1, 30)]
    found = caller.map(inputs, concurrency=4, ordered=False)
    assert found[-1].position == 0
    assert sorted(result.position for result in found) == list(range(30))
    assert all(result.json()["n"] == result.position for result in found)


@pytest.mark.parametrize("ordered", [True, False])
def test_errors_are_raised_with_their_position_and_the_map_goes_on(caller, ordered):
    inputs = [{"n": 0}, {"status": 430}, {"n": 2}, {"http": 1}, {"n": 4}]
    found = caller.map(inputs, concurrency=1, ordered=ordered)
    assert [type(outcome).__name__ for outcome in found] == [
        "InvokeResult",
        "FunctionError",
        "InvokeResult",
        "ServerError",
        "InvokeResult",
    ]
    assert [outcome.position for outcome in found] == list(range(5))
    assert found[1].executed is Verdict.YES
    assert pickle.loads(pickle.dumps(found[1])).position == 1


def test_errors_are_handed_out_on_wish(caller):
    found = caller.map([{"status": 430}, 1], return_exceptions=True)
    assert isinstance(found[0], exception.FunctionError)
    assert (found[0].position, found[1].json()) == (0, 1)


def test_what_json_cannot_carry_is_that_inputs_error(caller, peer):
    found = caller.map([1, {"a": {2}}, "x" * 6_400_000, 4], return_exceptions=True)
    assert [type(outcome).__name__ for outcome in found] == ["InvokeResult", "TypeError", "ValueError", "InvokeResult"]
    assert "data['a']" in str(found[1])
    assert "COS" in str(found[2])
    assert [outcome.position for outcome in found] == [0, 1, 2, 3]
    assert len(peer.requests) == 2


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"concurrency": 0}, ValueError, "concurrency must be at least 1"),
        ({"concurrency": 9}, ValueError, "concurrency is 9, but the client has max_connections=8"),
        ({"concurrency": "2"}, TypeError, "concurrency must be a whole number"),
        ({"ordered": 1}, TypeError, "ordered must be True or False"),
        ({"return_exceptions": "no"}, TypeError, "return_exceptions must be True or False"),
        ({"grace": -1}, ValueError, "grace must be 0 or more"),
        ({"idempotent": "no"}, TypeError, "idempotent must be True or False"),
        ({"timeout": 0}, ValueError, "timeout must be"),
        ({"qualifier": " "}, ValueError, "qualifier is empty"),
        ({"invocation_type": "Event"}, ValueError, "use spawn_map"),
        ({"color": "red"}, TypeError, "unknown option 'color'"),
        ({"region": "no region"}, ValueError, "region"),
        ({"on_attempt": 7}, TypeError, "on_attempt must be a function"),
        ({"journal": ""}, ValueError, "journal's path is empty"),
    ],
)
def test_bad_arguments_are_refused_at_once(client_kind, peer, options, kind, words):
    client = client_kind(peer, max_connections=8).client
    pulled = []
    inputs = (pulled.append(n) for n in range(3))
    with pytest.raises(kind, match=words):
        client.map("f", inputs, **options)
    assert not pulled
    assert not peer.requests


def test_no_iterable_is_refused_at_once(client_kind, peer):
    with pytest.raises(TypeError, match="not iterable"):
        client_kind(peer).client.map("f", 3)


def test_a_small_client_has_a_small_default(client_kind, peer):
    caller = client_kind(peer, max_connections=2)
    assert len(caller.map(range(10))) == 10
    caller.close()
    assert peer.most_open <= 2


@pytest.mark.parametrize("ordered", [True, False])
def test_endless_inputs_are_taken_as_room_is_found(caller, ordered):
    found = caller.map(itertools.count(), 100, concurrency=4, ordered=ordered)
    assert len(found) == 100
    assert caller.pulled <= 100 + 4 * 4


def test_a_slow_first_call_stops_the_window_and_nothing_grows(caller):
    inputs = itertools.chain([{"sleep": 0.5}], itertools.count())
    found = caller.map(inputs, 1, concurrency=4)
    assert found[0].position == 0
    assert caller.pulled <= 4 * 4 + 1


def test_the_iterables_error_comes_after_what_was_started(caller):
    def give() -> "Any":
        yield from range(5)
        raise LookupError("no more")

    found = caller.map(give(), concurrency=2)
    assert [outcome.position for outcome in found[:5]] == list(range(5))
    assert isinstance(found[5], LookupError)
    assert len(found) == 6


class Narrow:
    """A function with so many instances."""

    def __init__(self, room: int, refusal: bytes) -> None:
        self._room = room
        self._refusal = refusal
        self._lock = threading.Lock()
        self.running = 0

    def __call__(self, request: "Any") -> bytes:
        with self._lock:
            if self.running >= self._room:
                return self._refusal
            self.running += 1
        time.sleep(0.01)
        with self._lock:
            self.running -= 1
        return ok(request.fields["Event"])


@pytest.mark.parametrize("refusal", [fail(432), fail(429), api_error("RequestLimitExceeded")])
def test_throttling_narrows_the_map_and_nothing_is_lost(client_kind, refusal, caplog):
    caplog.set_level(logging.INFO)
    with Peer(answer=Narrow(3, refusal)) as peer:
        caller = client_kind(peer)
        caller.client._policy.rng = lambda: 0.02
        found = caller.map(range(120), concurrency=16)
        caller.close()
    assert [result.json() for result in found] == list(range(120))
    assert caller.throttled > 0
    assert caller.client._policy.budget.tokens == 100.0  # what found no room is not paid from it
    words = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert any("throttled" in text and "concurrency goes from 16 to" in text for text in words), words


def test_a_call_that_never_finds_room_is_given_up(client_kind):
    with Peer(answer=lambda _: fail(432)) as peer:
        caller = client_kind(peer)
        caller.client._policy.rng = lambda: 0.0
        found = caller.map(range(3), return_exceptions=True)
        caller.close()
    assert [type(error) for error in found] == [exception.FunctionThrottled] * 3
    assert all(error.executed is Verdict.NO for error in found)
    assert max(len(error.attempts) for error in found) >= 12


def test_who_wants_no_retries_gets_none(client_kind):
    with Peer(answer=lambda _: fail(432)) as peer:
        caller = client_kind(peer, max_attempts=1)
        found = caller.map(range(3), return_exceptions=True)
        caller.close()
        assert len(peer.requests) == 3
    assert [len(error.attempts) for error in found] == [1, 1, 1]


def test_what_may_have_run_is_not_sent_again(caller, peer):
    found = caller.map([{"http": 1}] * 3, return_exceptions=True)
    assert [error.executed for error in found] == [Verdict.MAYBE] * 3
    assert len(peer.requests) == 3


def test_idempotent_calls_are(client_kind, peer):
    caller = client_kind(peer)
    caller.client._policy.rng = lambda: 0.0
    caller.map([{"http": 1}], return_exceptions=True, idempotent=True)
    caller.close()
    assert len(peer.requests) == 3


def test_options_reach_every_call(caller, peer):
    caller.map([1], namespace="n", qualifier="2", log_type="Tail", region="ap-shanghai", routing_key={"a": "b"})
    (request,) = peer.requests
    assert request.headers["x-tc-region"] == "ap-shanghai"
    expected = {"Namespace": "n", "Qualifier": "2", "LogType": "Tail", "RoutingKey": '{"a":"b"}'}
    assert {name: request.fields[name] for name in expected} == expected


def test_attempts_are_told(caller):
    told = []
    caller.map([1, {"status": 430}], return_exceptions=True, on_attempt=lambda attempt, _: told.append(attempt.outcome))
    assert sorted(told) == ["-1", "ok"]


def test_left_early_it_waits_a_while_and_tells_of_the_rest(client_kind, caplog):
    caplog.set_level(logging.INFO)
    end = threading.Event()

    def hold(request: "Any") -> bytes:
        if read_event(request) > 1:
            end.wait(WAIT_SECONDS)
        return ok()

    with Peer(answer=hold) as peer:
        caller = client_kind(peer)
        started = time.monotonic()
        caller.map(itertools.count(), 2, concurrency=3, grace=0.3)
        caller.close()
        assert time.monotonic() - started >= 0.3
        end.set()
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "which may have run (executed=maybe): positions 2" in warning
    assert len(peer.requests) <= 5


def test_left_early_what_ends_in_time_is_no_riddle(client_kind, caplog):
    caplog.set_level(logging.INFO)
    with Peer(answer=lambda request: time.sleep(0.1) or ok()) as peer:
        caller = client_kind(peer)
        caller.map(itertools.count(), 1, concurrency=3)
        caller.close()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert any("before" in record.getMessage() for record in caplog.records)


def test_a_dropped_map_stops(peer):
    client = scf.Client(endpoint=peer.url, **KEYS)
    for result in client.map("f", itertools.count(), 4):
        if result.position == 10:
            break
    count = len(peer.requests)
    assert count <= 11 + 16
    assert client._pool.state.opened == client._pool.state.idle
    client.close()


async def until(is_so: "Any") -> None:
    """Wait until something is so; the loop turns meanwhile."""
    limit = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < limit, "it did not come to pass"
        await asyncio.sleep(0.005)


def test_a_dropped_asynchronous_map_stops(peer):
    async def scenario() -> None:
        async with aio.AsyncClient(endpoint=peer.url, **KEYS) as client:
            async for result in client.map("f", itertools.count(), 4):
                if result.position == 10:
                    break
            await until(lambda: client._get_pool().state.opened == client._get_pool().state.idle)

    run_on_new_loop(scenario())
    assert len(peer.requests) <= 11 + 16


def test_asynchronous_inputs_are_taken_one_at_a_time(peer):
    taking = []

    async def give() -> "Any":
        for number in range(20):
            assert not taking
            taking.append(number)
            await asyncio.sleep(0.001)
            taking.pop()
            yield number

    caller = Tasks(peer)
    found = caller.map(give(), concurrency=4)
    assert [result.json() for result in found] == list(range(20))


def test_a_cancelled_consumer_leaves_nothing(peer):
    async def scenario() -> None:
        async with aio.AsyncClient(endpoint=peer.url, **KEYS) as client:

            async def consume() -> None:
                async for _ in client.map("f", itertools.repeat({"sleep": 0.05}), 4, grace=0.2):
                    pass

            task = asyncio.ensure_future(consume())
            await until(lambda: len(peer.requests) > 8)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: client._get_pool().state.opened == client._get_pool().state.idle)

    run_on_new_loop(scenario())


class TestJournal:
    def test_a_run_that_ended_is_not_sent_again(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        inputs = [{"n": n} for n in range(20)]
        first = client_kind(peer).map(inputs, journal=path, log_type="Tail")
        assert len(peer.requests) == 20
        second = client_kind(peer).map(inputs, journal=path, log_type="Tail")
        assert len(peer.requests) == 20
        assert first == second
        assert [result.position for result in second] == list(range(20))
        assert [result.request_id for result in second] == ["req-1"] * 20
        assert (tmp_path / "run.db").stat().st_mode & 0o777 == 0o600

    def test_a_run_that_was_left_goes_on(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        client_kind(peer).map(range(100), 10, journal=path, concurrency=4)
        count = len(peer.requests)
        assert count < 50
        found = client_kind(peer).map(range(120), journal=path)
        assert [result.json() for result in found] == list(range(120))
        assert len(peer.requests) == 120

    def test_what_did_not_run_is_sent_again_and_what_failed_is_not(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        inputs = [{"status": 435}, {"status": 430}, {"http": 1}]
        first = client_kind(peer, max_attempts=1).map(inputs, journal=path, return_exceptions=True)
        assert [error.executed for error in first] == [Verdict.NO, Verdict.YES, Verdict.MAYBE]
        second = client_kind(peer, max_attempts=1).map(inputs, journal=path, return_exceptions=True)
        assert [str(error) for error in second] == [str(error) for error in first]
        assert [type(error) for error in second] == [type(error) for error in first]
        assert [error.position for error in second] == [0, 1, 2]
        assert len(peer.requests) == 4
        client_kind(peer, max_attempts=1).map(inputs, journal=path, return_exceptions=True, idempotent=True)
        assert len(peer.requests) == 7

    def test_what_is_in_doubt_is_listed_and_settled(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        inputs = [{"n": 0}, {"http": 1}, {"http": 2}, {"n": 3}]
        client_kind(peer).map(inputs, journal=path, return_exceptions=True)
        with Journal(path) as journal:
            assert [(call.position, call.code) for call in journal.in_doubt()] == [
                (1, "ServerNetworkError"),
                (2, "ServerNetworkError"),
            ]
            journal.settle(1, executed=False)
            journal.settle(2, executed=True)
            assert journal.in_doubt() == []
            with pytest.raises(KeyError, match="0 is not in doubt"):
                journal.settle(0, executed=True)
        found = client_kind(peer).map(inputs, journal=path, return_exceptions=True)
        assert len(peer.requests) == 5
        assert [getattr(outcome, "executed", None) for outcome in found] == [None, Verdict.MAYBE, Verdict.YES, None]

    def test_a_lost_intent_is_in_doubt(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        client_kind(peer).map(range(3), journal=path)
        database = sqlite3.connect(path)
        database.execute("UPDATE calls SET state = 0, text = NULL, facts = NULL WHERE position = 1")
        database.commit()
        database.close()
        found = client_kind(peer).map(range(3), journal=path, return_exceptions=True)
        assert len(peer.requests) == 3
        assert found[1].executed is Verdict.MAYBE
        assert "the run was cut" in str(found[1])
        with Journal(path) as journal:
            assert [call.code for call in journal.in_doubt()] == [""]
        client_kind(peer).map(range(3), journal=path, idempotent=True)
        assert len(peer.requests) == 4

    def test_a_doubt_outlives_a_run_that_had_consent_and_could_not_send(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        inputs = [{"http": 1}]
        client_kind(peer).map(inputs, journal=path, return_exceptions=True)
        with Peer() as gone:
            pass
        (error,) = client_kind(gone, max_attempts=1).map(inputs, journal=path, return_exceptions=True, idempotent=True)
        assert type(error) is exception.ConnectError
        assert error.executed is Verdict.MAYBE
        assert "an earlier run sent this input" in str(error)
        with Journal(path) as journal:
            assert [call.message for call in journal.in_doubt()] == [error.message]
        (again,) = client_kind(peer).map(inputs, journal=path, return_exceptions=True)
        assert (type(again), str(again)) == (type(error), str(error))
        assert len(peer.requests) == 1

    def test_a_doubt_outlives_a_run_that_had_consent_and_ended_before_it_sent(
        self, client_kind, peer, tmp_path, monkeypatch
    ):
        path = str(tmp_path / "run.db")
        inputs = [{"http": 1}, {"http": 2}, 3]
        client_kind(peer).map(inputs, journal=path, return_exceptions=True)
        monkeypatch.setattr(base_map, "CHECKED_AHEAD", 2)
        options = {"journal": path, "return_exceptions": True, "idempotent": True}
        found = client_kind(peer, max_attempts=1).map([*inputs[:2], 4], 1, **options)
        assert isinstance(found[0], JournalError)
        count = len(peer.requests)
        found = client_kind(peer).map(inputs, journal=path, return_exceptions=True)
        assert [getattr(outcome, "executed", None) for outcome in found] == [Verdict.MAYBE, Verdict.MAYBE, None]
        assert len(peer.requests) == count

    def test_what_was_handed_out_is_on_record(self, client_kind, peer, tmp_path):
        """As a process that is killed leaves it: seen in a copy of the file, made when an outcome was handed out."""
        path = tmp_path / "run.db"

        def look() -> None:
            for name in ("run.db", "run.db-wal"):
                shutil.copy(str(tmp_path / name), str(tmp_path / ("copied-" + name)))
            with Journal(str(tmp_path / "copied-run.db")) as copied:
                assert copied.in_doubt() == []
                assert copied.recorded == 3

        found = client_kind(peer).map([1, 2, 3], 3, look, journal=str(path), concurrency=1)
        assert len(found) == 3

    @pytest.mark.parametrize("at", [0, 7, 15])
    def test_another_runs_inputs_are_refused_before_anything_is_sent(self, client_kind, peer, tmp_path, at):
        path = str(tmp_path / "run.db")
        inputs = [{"status": 435}] + [{"n": n} for n in range(1, 20)]
        client_kind(peer).map(inputs, journal=path, return_exceptions=True)
        count = len(peer.requests)
        others = [*inputs[:at], {"other": 1}, *inputs[at + 1 :]]
        found = client_kind(peer).map(others, 1, journal=path, return_exceptions=True)
        assert isinstance(found[0], JournalError)
        assert "its input {} differs".format(at) in str(found[0])
        assert len(peer.requests) == count

    def test_another_function_is_refused(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        client_kind(peer).map([1], journal=path)
        with pytest.raises(JournalError, match=r"it called ap-guangzhou/default/f/\$LATEST"):
            client_kind(peer).client.map("g", [1], journal=path)

    def test_a_file_that_is_none_is_refused_and_left_alone(self, client_kind, peer, tmp_path):
        text = tmp_path / "notes.txt"
        text.write_text("these are notes, and no database of any kind" * 10)
        other = tmp_path / "other.db"
        database = sqlite3.connect(str(other))
        database.execute("CREATE TABLE mine (x)")
        database.commit()
        database.close()
        before = text.read_bytes(), other.read_bytes()
        client = client_kind(peer).client
        for path, words in ((text, "is no journal"), (other, "another program's"), (tmp_path / "no" / "x", "written")):
            with pytest.raises(JournalError, match=words):
                client.map("f", [1], journal=str(path))
        assert (text.read_bytes(), other.read_bytes()) == before
        with pytest.raises(JournalError, match="there is no journal"):
            Journal(str(tmp_path / "missing"))

    def test_one_run_at_a_time(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        client = client_kind(peer).client
        outcomes = client.map("f", [1], journal=path)
        with pytest.raises(JournalError, match="in use by another run"):
            client.map("f", [1], journal=path)
        del outcomes
        client.map("f", [1], journal=path)

    def test_what_json_cannot_carry_is_told_each_time(self, client_kind, peer, tmp_path):
        path = str(tmp_path / "run.db")
        inputs = [1, {2}, "x" * 6_400_000, 4]
        for _ in range(2):
            found = client_kind(peer).map(inputs, journal=path, return_exceptions=True)
            kinds = [type(outcome).__name__ for outcome in found]
            assert kinds == ["InvokeResult", "TypeError", "ValueError", "InvokeResult"]
        assert len(peer.requests) == 2


#: The first fails, the others take their time: they are under way when the map is left.
FAILING = [{"http": 502}, *[{"n": n, "sleep": 0.05} for n in range(20)]]


@pytest.fixture
def open_maps():
    """Gives the maps that were begun since and not ended."""

    def find() -> "list[Any]":
        return [each for each in gc.get_objects() if isinstance(each, base_map.BaseMapRun) and not each.is_closed]

    before = find()
    return lambda: [each for each in find() if each not in before]


@pytest.mark.parametrize("returns", [True, False], ids=["handed out", "raised"])
def test_who_keeps_an_error_keeps_no_map_of_threads(peer, returns, open_maps):
    kept = []
    with scf.Client(endpoint=peer.url, **KEYS) as client:
        try:
            for outcome in client.map("f", FAILING, 4, return_exceptions=returns, grace=0):
                kept.append(outcome)
                break
        except exception.CallError as error:
            kept.append(error)
        assert isinstance(kept[0], exception.ServerError)
        assert open_maps() == []
        assert client._pool.state.opened == client._pool.state.idle


@pytest.mark.parametrize("returns", [True, False], ids=["handed out", "raised"])
def test_who_keeps_an_error_keeps_no_map_of_tasks(peer, returns, open_maps):
    kept = []

    async def leave() -> None:
        async with aio.AsyncClient(endpoint=peer.url, **KEYS) as client:
            try:
                async for outcome in client.map("f", FAILING, 4, return_exceptions=returns, grace=0):
                    kept.append(outcome)
                    break
            except exception.CallError as error:
                kept.append(error)
            assert isinstance(kept[0], exception.ServerError)
            await asyncio.sleep(0)
            assert open_maps() == []

    run_on_new_loop(leave())
