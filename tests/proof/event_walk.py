"""Asynchronous invocations: every event that was acknowledged ends in a documented state, and runs as often as it may.

A full disk is a limit of the size of the server's files.
"""

import contextlib
import json
import resource
import signal
import time
from pathlib import Path

from tests.proof.event_model import (
    ABORTED,
    FAILED,
    PLACES,
    SUCCEEDED,
    TERMINATED_SECONDS,
    UNKNOWN,
    WAITS,
    Deletion,
    End,
    Event,
    name_all,
)
from tests.proof.event_server import LETTERS, TAKER, TRACER, Clock, ClockedServer, Functions
from tests.proof.walking import Divergence, Walk

RETRIES = 2
MAX_OPEN = 24
CLOCK_SECONDS = 60.0
MAX_CLOCK_SECONDS = 120.0
EVER = {"StartTime": "2000-01-01 00:00:00", "EndTime": "2099-01-01 00:00:00"}
#: What a walk does, and how often.
STEPS = {
    "push": 34,
    "open_gate": 12,
    "terminate": 10,
    "end_all": 3,
    "save": 4,
    "take_folder_away": 2,
    "delete_function": 1.5,
    "close_or_open_room": 4,
    "configure_retries": 3,
    "set_clock": 4,
    "fill_or_empty_disk": 4,
    "spoil_or_mend_letters": 3,
    "restart": 6,
    "kill": 3.5,
    "kill_during_a_push": 3,
}


class EventWalk(Walk):
    """Pushes, terminations, retries, clock steps, full disks, restarts and kills of two functions."""

    steps = STEPS

    def __init__(self, folder: Path, seed: int) -> None:
        self.base, self.aside = folder, folder / "aside"
        self.letters = folder / "state" / LETTERS
        self.functions, self.clock = Functions(folder), Clock(folder / "clock")
        super().__init__(ClockedServer(folder, self.functions.path), seed)
        self.events: dict[str, Event] = {}
        self.open: list[Event] = []
        self.unanswered: list[Event] = []  # pushes that a kill has cut: they may be there, and run
        self.away = ""
        self.is_full = self.is_spoilt = False
        self.retries = RETRIES
        self.closed: set[str] = set()
        self.deletion = Deletion(0.0, set())

    def excuse(self, reason: str, function: str = "") -> None:
        """What happens may keep events that are open from succeeding."""
        for event in (*self.open, *self.unanswered):
            if function in ("", event.function):
                event.excuses.add(reason)

    # What clients do.

    def push(self) -> str:
        """Push an event, or a few."""
        if len(self.open) > MAX_OPEN:
            return self.end_all()
        function = self.rng.choice((TAKER, TRACER))
        return name_all([self.push_one(function) for _ in range(self.rng.choice((1, 1, 1, 2, 5)))])

    def make(self, function: str, do: str = "") -> Event:
        """An event that is not pushed yet."""
        do = do or self.rng.choice(("return", "return", "hold", "hold", "raise", "exit"))
        event = Event(f"e{len(self.events)}-{do}", function, do, function == TRACER, {self.retries})
        self.events[event.name] = event
        if function in self.closed:
            event.excuses.add("no room")
        if self.clock.ahead > 0:
            event.excuses.add("clock")  # a server that starts with another one is as one whose clock is set
        return event

    def push_one(self, function: str, do: str = "") -> Event:
        """Push an event. What is refused must not run."""
        event = self.make(function, do)
        answer = self.api.ask("Invoke", **request_of(event))
        if "Error" in answer:
            if not (self.is_full or function == self.away):
                raise Divergence(f"{event.name} is refused: {answer}")
            event.never_from, event.is_over = 0.0, True
        else:
            event.request_id = answer["Result"]["FunctionRequestId"]
            self.open.append(event)
        return event

    def open_gate(self) -> str:
        """Let an event end that is held."""
        held = [event for event in self.open if event.do == "hold" and not (self.functions.gates / event.name).exists()]
        chosen = self.rng.sample(held, min(len(held), self.rng.choice((1, 1, 2))))
        for event in chosen:
            (self.functions.gates / event.name).touch()
        return name_all(chosen)

    def terminate(self) -> str:
        """Terminate an event, wherever it stands. The last ones are those that wait."""
        traced = [event for event in self.open if event.is_traced]
        if not traced or self.is_full:
            return "none"
        event = self.rng.choice([*traced, *[each for each in traced if not each.is_terminated][-2:] * 4])
        self.read_runs()
        must_be_taken = not (event.begun or event.ends or event.excuses or event.is_terminated)
        is_first = self.count_before(event) < PLACES
        parameters = {"FunctionName": TRACER, "InvokeRequestId": event.request_id}
        answer = self.api.ask("TerminateAsyncEvent", **parameters, GraceShutdown=self.rng.random() < 0.5)
        if "Error" not in answer:
            event.is_terminated = True
            # What certainly waits does not begin; what may have been handed over may say a moment later that it has.
            event.never_from = event.never_from or time.time() + (TERMINATED_SECONDS if is_first else 0.0)
            if not is_first and self.state_of(event) != ABORTED:
                raise Divergence(f"{event} waited when it was terminated, and is {self.state_of(event)}")
        elif must_be_taken and not is_first:
            raise Divergence(f"{event} can't be terminated: {answer}")
        return f"{event.name} {'Error' not in answer}"

    def count_before(self, event: Event) -> int:
        """How many events that are held stand before one in its function's queue: all others may have ended."""
        before = [each for each in self.open[: self.open.index(event)] if each.function == event.function]
        return sum(each.do == "hold" and bool(each.begun) and self.is_held(each) for each in before)

    def is_held(self, event: Event) -> bool:
        """Whether it runs, and goes on until its gate is opened."""
        was_cut_off = any(end.at > event.begun[-1] for end in event.ends)
        return not (event.done or was_cut_off or event.is_terminated or (self.functions.gates / event.name).exists())

    def configure_retries(self) -> str:
        """Other retries for what is not given up yet."""
        if self.is_full or self.away:
            return "not now"
        self.retries = self.rng.choice((0, 1, 2))
        config = {"RetryConfig": [{"RetryNum": self.retries}], "MsgTTL": 21600}
        self.must("UpdateFunctionEventInvokeConfig", FunctionName=TAKER, AsyncTriggerConfig=config)
        for event in (*self.open, *self.unanswered):
            event.retries.add(self.retries)
        return str(self.retries)

    def close_or_open_room(self) -> str:
        """A function may have no memory any more: its events are tried again, those with AsyncRunEnable are not."""
        function = self.rng.choice((TAKER, TRACER))
        if self.is_full or self.away == function:
            return "not now"
        if function in self.closed:
            self.must("DeleteReservedConcurrencyConfig", FunctionName=function)
            self.closed.remove(function)
        else:
            self.excuse("no room", function)
            self.must("PutReservedConcurrencyConfig", FunctionName=function, ReservedConcurrencyMem=0)
            self.closed.add(function)
        return f"{function} {'closed' if function in self.closed else 'open'}"

    def delete_function(self) -> str:
        """Delete a function, of whose events nothing more is run, and have its folder bring it back."""
        function = self.rng.choice((TAKER, TRACER))
        if self.is_full or self.away:
            return "not now"
        self.must("DeleteFunction", FunctionName=function)
        self.deletion = Deletion(time.time(), {event.name for event in self.open if event.function == function})
        self.excuse("deleted", function)
        self.functions.write(function, self.now)
        self.wait(lambda: self.has_function(function), True, f"{function} is back")
        self.closed.discard(function)
        if function == TAKER:
            self.retries = RETRIES
            for event in (*self.open, *self.unanswered):
                event.retries.add(RETRIES)
        return function

    def must(self, action: str, **parameters: object) -> None:
        """Have something done."""
        answer = self.api.ask(action, **parameters)
        if "Error" in answer:
            raise Divergence(f"{action} is refused: {answer}")

    def has_function(self, function: str) -> bool:
        return "Error" not in self.api.ask("GetFunction", FunctionName=function)

    # What people and the machine do.

    def save(self) -> str:
        """Save a function's file while events run."""
        function = self.rng.choice((TAKER, TRACER))
        if function != self.away:
            self.functions.write(function, self.now)
        return function

    def take_folder_away(self) -> str:
        """Check out another branch while two events are held and others wait: these wait on until it is back."""
        if self.away or self.is_full:
            return "not now"
        function = self.rng.choice((TAKER, TRACER))
        self.end_all()
        held = [self.push_one(function, "hold") for _ in range(PLACES)]
        self.wait(lambda: self.read_runs() or all(event.begun for event in held), True, "they are held")
        waiting = [self.push_one(function) for _ in range(2)]
        (self.functions.path / function).rename(self.aside)
        self.away = function
        self.wait(lambda: self.has_function(function), False, f"{function} is away")
        return f"{function} with {name_all([*held, *waiting])}"

    def bring_folder_back(self) -> None:
        self.aside.rename(self.functions.path / self.away)
        function, self.away = self.away, ""
        self.wait(lambda: self.has_function(function), True, f"{function} is back")

    def set_clock(self) -> str:
        """Set the clock by a minute, forward or back. MsgTTL goes by the clock."""
        seconds = self.clock.ahead + self.rng.choice((-CLOCK_SECONDS, CLOCK_SECONDS))
        if abs(seconds) <= MAX_CLOCK_SECONDS:
            self.excuse("clock")
            self.clock.set(seconds)
        return str(self.clock.ahead)

    def fill_or_empty_disk(self) -> str:
        """The server's files can't grow any more, or can again. A full disk is found by whoever writes."""
        self.is_full = not self.is_full
        self.excuse("disk")
        self.limit_files()
        return "full" if self.is_full else "has room"

    def limit_files(self) -> None:
        soft = 0 if self.is_full else resource.RLIM_INFINITY
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

    def spoil_or_mend_letters(self) -> str:
        """The file of dead letters can't be written, or can again."""
        if self.is_spoilt:
            self.letters.rmdir()
        while not self.is_spoilt and not self.letters.is_dir():
            if self.letters.exists():
                self.letters.rename(self.base / f"{self.now}-{time.monotonic_ns()}-{LETTERS}")
            with contextlib.suppress(FileExistsError):  # one has been written meanwhile
                self.letters.mkdir()
        self.is_spoilt = not self.is_spoilt
        return "spoilt" if self.is_spoilt else "mended"

    # What the server's end brings.

    def restart(self) -> str:
        """End the server by SIGTERM, and start it again."""
        return self.begin_again(signal.SIGTERM)

    def kill(self) -> str:
        """End the server by SIGKILL, and start it again."""
        return self.begin_again(signal.SIGKILL)

    def begin_again(self, number: int) -> str:
        was_full, began = self.is_full, time.time()
        self.end_server(number)
        self.note_end(began, is_clean=number == signal.SIGTERM and not was_full)
        self.start_server()
        return "the disk was full" if was_full else ""

    def note_end(self, began: float, *, is_clean: bool) -> None:
        """The server has ended. The next one finds a disk with room."""
        end = End(began, time.time(), is_clean)
        self.is_full = False
        for event in (*self.open, *self.unanswered):
            event.ends.append(end)

    def kill_during_a_push(self) -> str:
        """Kill the server while it accepts an event: it is there if that was acknowledged."""
        function = self.rng.choice((TAKER, TRACER))
        if function == self.away or self.is_full:
            return self.kill()
        event, began = self.make(function), time.time()
        answer = self.kill_during("Invoke", request_of(event))
        self.note_end(began, is_clean=False)
        event.ends.append(End(began, time.time(), is_clean=False))
        self.start_server()
        if answer is not None:
            event.request_id = answer["Result"]["FunctionRequestId"]
            self.open.append(event)
        else:
            self.unanswered.append(event)
        return f"{event.name} {'acknowledged' if answer else ''}"

    # What must be so.

    def read_runs(self) -> None:
        """Take over what functions have told: each run must be one that there may be."""
        for text, at in self.functions.ran.read_new():
            what, name = text.split()
            if what == "begin":
                self.events[name].begin(at)
                self.deletion.begin(name, at)
            else:
                self.events[name].done.append(at)

    def check(self) -> None:
        self.read_runs()

    def finish(self) -> None:
        self.end_all()
        time.sleep(0.5)
        self.read_runs()

    def end_all(self) -> str:
        """Let all events come to their end, now that all is well, and look at each end."""
        if self.is_full:
            self.fill_or_empty_disk()
        if self.is_spoilt:
            self.spoil_or_mend_letters()
        if self.away:
            self.bring_folder_back()
        for function in sorted(self.closed):
            self.must("DeleteReservedConcurrencyConfig", FunctionName=function)
        self.closed.clear()
        for event in self.events.values():
            if event.do == "hold" and not event.is_over:
                (self.functions.gates / event.name).touch()
        self.wait(self.name_waiting, [], "events come to their end")
        self.read_runs()
        self.wait(self.name_missing_letters, [], "what was given up has its dead letter")
        letters = self.count_letters()
        for event in self.open:
            event.judge(self.state_of(event), letters.get(event.request_id, 0))
        ended, self.open = len(self.open), []
        return f"{ended} ended"

    def name_waiting(self) -> "list[str]":
        """The events that have not ended."""
        return [event.name for event in self.open if self.state_of(event) in (WAITS, "RUNNING")]

    def name_missing_letters(self) -> "list[str]":
        """The events that were given up and have no dead letter yet."""
        letters = self.count_letters()
        dead = [event for event in self.open if not event.is_traced and event.request_id not in letters]
        return [event.name for event in dead if self.state_of(event) == FAILED]

    def count_letters(self) -> "dict[str, int]":
        """How many dead letters there are, by request id."""
        counts: dict[str, int] = {}
        for path in (*self.base.glob(f"*-{LETTERS}"), self.letters):
            for line in path.read_text().splitlines() if path.is_file() else ():
                request_id = json.loads(line)["RequestId"]
                counts[request_id] = counts.get(request_id, 0) + 1
        return counts

    def state_of(self, event: Event) -> str:
        """How an event stands, as the API says it."""
        if event.is_traced:
            answer = self.api.ask("GetAsyncEventStatus", InvokeRequestId=event.request_id)
            return str(answer["Result"]["Status"]) if "Result" in answer else str(answer)
        answer = self.api.ask("GetRequestStatus", FunctionName=TAKER, FunctionRequestId=event.request_id, **EVER)
        if not answer.get("Data"):
            return UNKNOWN
        return {0: SUCCEEDED, 1: WAITS, -1: FAILED}[answer["Data"][0]["RetCode"]]


def request_of(event: Event) -> "dict[str, object]":
    """The parameters of a push."""
    context = json.dumps({"id": event.name, "do": event.do})
    return {"FunctionName": event.function, "InvocationType": "Event", "ClientContext": context}
