"""What happens around an invocation, in which order; no process runs here."""

import asyncio
import json
from pathlib import Path

import pytest

from tencentserverless.local import outcome
from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocation import Invocation, Stopping
from tencentserverless.local.invocations.fault_rules import Faults, parse
from tencentserverless.local.invocations.middleware import (
    FaultInjection,
    FutureCaller,
    HistoryKeeping,
    Runner,
    Termination,
)
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

RECORD = FunctionRecord(FunctionKey("ap-a", "default", "fn"), "index.main_handler", "Python3.10", Path("/x"))
DONE = Outcome(0, '{"a": 1}', "", "", 2.5, 1000, b"printed")


class Caller:
    """The one who waits."""

    def __init__(self, *, gets_answer=True):
        self.gets_answer = gets_answer
        self.told = []

    def end(self, invocation):
        self.told.append(invocation.failure or invocation.outcome)


class Scheduler:
    """Ends each invocation at once."""

    def __init__(self, log, result=DONE):
        self.log, self.result = log, result

    def submit(self, invocation):
        self.log.append("submit")
        if self.result is not None:
            invocation.finish(self.result)

    def interrupt(self, request_id, *, is_graceful):
        self.log.append((request_id, is_graceful))

    def after(self, invocation):
        self.log.append("scheduler after")


class Part:
    """A part of the middleware that says when it is asked and told."""

    def __init__(self, name, log, answer=None):
        self.name, self.log, self.answer = name, log, answer

    def before(self, invocation):
        self.log.append(f"{self.name} before")
        return self.answer

    def after(self, invocation):
        self.log.append(f"{self.name} after")


def invoked(caller=None):
    return Invocation(RECORD, "id-1", b"{}", caller or Caller())


def test_parts_are_asked_in_their_order_and_told_in_the_same_one_before_the_caller():
    log = []
    caller = Caller()
    caller.end = lambda invocation: log.append("caller")
    Runner(Scheduler(log), (Part("a", log), Part("b", log))).submit(invoked(caller))
    assert log == ["a before", "b before", "submit", "a after", "b after", "scheduler after", "caller"]


def test_an_invocation_ends_once():
    log, caller = [], Caller()
    invocation = invoked(caller)
    Runner(Scheduler(log), (Part("a", log),)).submit(invocation)
    invocation.finish(outcome.cancelled())
    assert caller.told == [DONE]
    assert log.count("a after") == 1


@pytest.mark.parametrize("answer", [ApiError("InternalError", "no"), outcome.throttled("fn", 432)])
def test_a_part_that_answers_ends_the_invocation_without_a_run(answer):
    log, caller = [], Caller()
    Runner(Scheduler(log), (Part("a", log, answer), Part("b", log))).submit(invoked(caller))
    assert log == ["a before", "a after", "b after", "scheduler after"]
    assert caller.told == [answer]


@pytest.mark.parametrize("seconds", [0.0, 0.001])
def test_a_delay_goes_on_with_the_next_part(seconds):
    log = []

    async def scenario():
        caller = FutureCaller()
        invocation = invoked(caller)
        parts = (Part("a", log), Part("b", log, seconds), Part("c", log, seconds), Part("d", log))
        Runner(Scheduler(log), parts).submit(invocation)
        assert log == ["a before", "b before"]
        await caller.wait(invocation)

    asyncio.run(scenario())
    assert log[:5] == ["a before", "b before", "c before", "d before", "submit"]
    assert log.count("b before") == 1


def test_a_part_behind_a_delay_may_still_refuse():
    log, refusal = [], ApiError("InternalError", "no")

    async def scenario():
        caller = FutureCaller()
        invocation = invoked(caller)
        Runner(Scheduler(log), (Part("a", log, 0.0), Part("b", log, refusal))).submit(invocation)
        with pytest.raises(ApiError) as caught:
            await caller.wait(invocation)
        assert caught.value is refusal

    asyncio.run(scenario())
    assert "submit" not in log


def test_an_interruption_goes_to_the_scheduler():
    log = []
    Runner(Scheduler(log), ()).interrupt("id-1", is_graceful=True)
    assert log == [("id-1", True)]


def injected(result=DONE, *, caller=None, **rule):
    """An invocation that a rule has hit, its caller, and what is to befall answers."""
    faults, log = Faults(), []
    faults.set(parse(json.dumps({"rules": [rule]}).encode()).rules)
    part = FaultInjection(faults)
    caller = caller or Caller()
    invocation = invoked(caller)
    Runner(Scheduler(log, result), (), part).submit(invocation)
    return invocation, caller, part.damage, log


def test_a_refusal_has_the_code_of_its_rule():
    _, caller, damage, log = injected(kind="refuse", code="ResourceUnavailable")
    (error,) = caller.told
    assert (error.code, damage) == ("ResourceUnavailable", {})
    assert "submit" not in log


@pytest.mark.parametrize("status", [429, 432])
def test_throttling_has_the_status_of_its_rule(status):
    invocation, caller, _, log = injected(kind="throttle", status=status)
    assert invocation.outcome.status == status
    assert not invocation.outcome.has_run
    assert caller.told == [invocation.outcome]
    assert "submit" not in log


@pytest.mark.parametrize(("kind", "status"), [("crash", outcome.EXITED), ("timeout", outcome.TIMED_OUT)])
def test_a_crash_and_a_timeout_come_after_the_run_and_end_the_instance(kind, status):
    invocation, caller, damage, log = injected(kind=kind)
    assert log[0] == "submit"
    assert invocation.ends_instance
    assert (invocation.outcome.status, invocation.outcome.output) == (status, b"printed")
    assert caller.told == [invocation.outcome]
    assert damage == {}


@pytest.mark.parametrize("kind", ["crash", "timeout"])
def test_what_did_not_run_does_not_crash(kind):
    refused = outcome.throttled("fn", 432)
    assert injected(refused, kind=kind)[1].told == [refused]


@pytest.mark.parametrize("kind", ["lost", "cut", "crash", "timeout"])
def test_what_has_no_outcome_has_no_fault(kind):
    stopping = Stopping()
    _, caller, damage, _ = injected(stopping, kind=kind)
    assert (caller.told, damage) == ([stopping], {})


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_an_answer_is_damaged_and_the_outcome_stays(kind):
    invocation, caller, damage, _ = injected(kind=kind)
    assert not invocation.ends_instance
    assert caller.told == [DONE]
    assert damage == {"id-1": kind}


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_an_event_has_no_answer_to_be_damaged(kind):
    """Else the damage would wait in memory for an answer that never comes."""
    _, caller, damage, _ = injected(kind=kind, caller=Caller(gets_answer=False))
    assert caller.told == [DONE]
    assert damage == {}
    assert not FutureCaller.gets_answer


class History:
    """Writes down what it is told."""

    def __init__(self):
        self.told = []

    def begin(self, kept):
        self.told.append(("begin", kept.request_id, kept.retry_number))

    def end(self, kept, status, message, output):
        self.told.append(("end", kept.request_id, status, message, output, kept.duration_ms, kept.memory_bytes))

    def drop(self, kept):
        self.told.append(("drop", kept.request_id))


def kept(result, parts=()):
    history, caller = History(), Caller()
    invocation = invoked(caller)
    invocation.retry_number = 2
    Runner(Scheduler([], result), (*parts, HistoryKeeping(history, lambda: 5.0))).submit(invocation)
    return history.told, invocation


def test_the_history_has_the_beginning_and_the_end():
    told, invocation = kept(DONE)
    assert told == [("begin", "id-1", 2), ("end", "id-1", 0, '{"a": 1}', b"printed", 2.5, 1000)]
    assert invocation.message == '{"a": 1}'


def test_the_history_has_the_error_object_of_a_failure():
    told, invocation = kept(outcome.exited(1.0, b""))
    assert told[1][2] == outcome.EXITED
    assert json.loads(invocation.message)["statusCode"] == outcome.EXITED
    assert told[1][3] == invocation.message


def test_what_has_no_outcome_is_not_kept():
    told, invocation = kept(Stopping())
    assert told == [("begin", "id-1", 2), ("drop", "id-1")]
    assert invocation.message == ""


def test_what_was_refused_before_the_history_was_asked():
    refused = ApiError("InternalError", "no")
    assert kept(DONE, (Part("a", [], refused),))[0] == []
    throttled = outcome.throttled("fn", 432)
    assert [told[:3] for told in kept(DONE, (Part("a", [], throttled),))[0]][-1] == ("end", "id-1", 432)


@pytest.mark.parametrize(("is_interrupted", "status"), [(True, 499), (False, 439)])
def test_a_process_that_was_ended_by_order_was_terminated_and_has_not_crashed(is_interrupted, status):
    log = []
    caller = Caller()
    invocation = invoked(caller)
    invocation.is_interrupted = is_interrupted
    Runner(Scheduler(log, outcome.exited(2.0, b"printed", "SIGKILL")), (Termination(),)).submit(invocation)
    (told,) = caller.told
    assert (told.status, told.duration_ms, told.output) == (status, 2.0, b"printed")


def test_a_task_that_was_cancelled_waits_for_nothing():
    async def scenario():
        caller = FutureCaller()
        invocation = invoked(caller)
        waiting = asyncio.ensure_future(caller.wait(invocation))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        invocation.finish(DONE)
        assert waiting.cancelled()

    asyncio.run(scenario())
