"""A long run against the local SCF: ``make soak-local MINUTES=60``.

    python -m tests.proof.local_soak MINUTES [SEED]

Callers call functions that answer, take their time, raise, print or end their process; events are pushed; a timer rings
each second; a file is saved each second; the server is killed by -9 now and then and started again on the same state.
Every function appends the id that it was called with to a file outside. At the end the file is held against what was
acknowledged and claimed. Prints the figures, and each violation; exit code 1 if there is one.
"""

import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tencentserverless.exception import CallError, TencentServerlessSDKException
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.proof.local_process import APPEND, REGION, Ran, ServerProcess

CALLERS = 24
EVENT_CALLERS = 2
EVENTS_PER_SECOND = 20.0  # of each
KILL_SECONDS = 300.0
WARM_SHARE = 0.2  # of a server's life, until its memory counts as that of its start
MEMORY_BYTES = 20 * 2**20
DRAIN_SECONDS = 240.0  # retries of what a kill interrupted included
CALL_SECONDS = 15.0
AWAY_SECONDS = 0.1  # that a caller leaves a server alone which is not there
ACCEPTED_STATUSES = (430, 433, 434, 439, 499)  # of functions that raise or end their process

CODE = (
    APPEND
    + """
VERSION = {version}

def main_handler(event, context):
    append(event.get("id") or event.get("Message"))
    kind = {kind!r}
    if kind == "slow":
        time.sleep(0.1)
    elif kind == "chatty":
        print("line of the log " * 200)
    elif kind == "raising":
        raise ValueError("on purpose")
    elif kind == "crashing":
        os._exit(3)
    return [event.get("id"), VERSION]
"""
)
KINDS = ("quick", "slow", "chatty", "raising", "crashing")
MANIFEST = """
component: scf
name: {name}
inputs:
  name: {name}
  src: .
  runtime: {runtime}
  {more}
"""
TIMER = """events:
    - timer:
        parameters: {name: each, cronExpression: "* * * * * * *", argument: ring, enable: true}"""


class Functions:
    """The folder of functions, and the file that they append to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "functions"
        self.ran = Ran(folder / "ran")
        self._runs: dict[str, list[float]] = {}
        self._version = 0
        for name in (*KINDS, "taker", "timed"):
            (self.path / name).mkdir(parents=True)
            self.save(name)
            more = TIMER if name == "timed" else "timeout: 10"
            manifest = MANIFEST.format(name=name, runtime=OWN_RUNTIME, more=more)
            (self.path / name / "serverless.yml").write_text(manifest)

    def save(self, name: str) -> None:
        """Write a new version of a function's file."""
        self._version += 1
        new = self.path / name / "index.py.new"
        new.write_text(CODE.format(version=self._version, path=str(self.ran.path), kind=name))
        new.replace(self.path / name / "index.py")

    def read_runs(self) -> "dict[str, list[float]]":
        """When each id ran, in UNIX seconds."""
        for name, at in self.ran.read_new():
            self._runs.setdefault(name, []).append(at)
        return self._runs


class Server(ServerProcess):
    """The local SCF's process, whose memory is looked at.

    :param warm_seconds: of a life, until its memory counts as that of its start
    """

    def __init__(self, folder: Path, functions: Path, warm_seconds: float) -> None:
        self._warm_seconds = warm_seconds
        self.kills: list[float] = []
        self.growth: list[int] = []  # of memory, in bytes, for each of its lives
        super().__init__(folder, functions, is_forked=False)

    def start(self) -> None:
        super().start()
        self.started_at = time.monotonic()
        self.first_bytes = 0

    def make_client(self) -> Client:
        env = self.variables()
        keys = env["TENCENTCLOUD_SECRETID"], env["TENCENTCLOUD_SECRETKEY"]
        return Client(
            REGION,
            *keys,
            endpoint=f"http://127.0.0.1:{self.port}",
            timeout=CALL_SECONDS,
            max_connections=CALLERS + EVENT_CALLERS,
        )

    def measure(self) -> int:
        """Memory in use, in bytes."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def look(self) -> None:
        """Take the memory of its start, once it is warm."""
        if not self.first_bytes and time.monotonic() > self.started_at + self._warm_seconds:
            self.first_bytes = self.measure()

    def end(self, number: int) -> int:
        if self.first_bytes:
            self.growth.append(self.measure() - self.first_bytes)
        return super().end(number)


class Soak:
    """One long run."""

    def __init__(self, folder: Path, minutes: float, seed: int) -> None:
        self.seconds = minutes * 60.0
        self.kill_seconds = min(KILL_SECONDS, self.seconds / 3)
        self.functions = Functions(folder)
        self.server = Server(folder, self.functions.path, self.kill_seconds * WARM_SHARE)
        self.client = self.server.make_client()
        self.rng = random.Random(seed)
        self.is_over = threading.Event()
        self.claims: dict[str, Verdict] = {}
        self.accepted: list[str] = []
        self.codes: Counter[str] = Counter()
        self.defects: list[str] = []
        self.slowest = 0.0
        self.saves = 0

    def run(self) -> "list[str]":
        """Run for the time given. Returns the violations."""
        threads = [threading.Thread(target=self._call, args=(number,)) for number in range(CALLERS)]
        threads += [threading.Thread(target=self._push, args=(number,)) for number in range(EVENT_CALLERS)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + self.seconds
        next_kill = time.monotonic() + self.kill_seconds
        names = [*KINDS, "taker"]
        try:
            while time.monotonic() < end:
                self.is_over.wait(1.0)
                self.functions.save(self.rng.choice(names))
                self.saves += 1
                self.server.look()
                if time.monotonic() > next_kill and next_kill < end - self.kill_seconds / 2:
                    next_kill = time.monotonic() + self.kill_seconds
                    self.server.kills.append(time.time())
                    self.server.end(signal.SIGKILL)
                    self.server.start()
        finally:
            self.is_over.set()
            for thread in threads:
                thread.join()
        self._drain()
        code = self.server.end(signal.SIGTERM)
        self.client.close()
        return self.defects + list(self._find_violations()) + ([f"the server ended with {code}"] if code else [])

    def _call(self, number: int) -> None:
        rng = random.Random(number)
        count = 0
        while not self.is_over.is_set():
            count += 1
            name = f"c{number}-{count}"
            started = time.monotonic()
            try:
                self.client.invoke(rng.choices(KINDS, (60, 10, 10, 15, 5))[0], data={"id": name})
                self._claim(name, Verdict.YES, "ok")
            except TencentServerlessSDKException as error:
                self._claim(name, error.executed, f"status {error.status_code}")
                if error.executed is Verdict.YES and error.status_code not in ACCEPTED_STATUSES:
                    self.defects.append(f"{name}: {error}")
            except CallError as error:
                self._claim(name, error.executed, str(error.code))
                self.is_over.wait(AWAY_SECONDS)
            self.slowest = max(self.slowest, time.monotonic() - started)

    def _claim(self, name: str, verdict: Verdict, code: str) -> None:
        self.claims[name] = verdict
        self.codes[f"{code} {verdict.value}"] += 1

    def _push(self, number: int) -> None:
        count = 0
        while not self.is_over.wait(1.0 / EVENTS_PER_SECOND):
            count += 1
            name = f"e{number}-{count}"
            try:
                self.client.spawn("taker", {"id": name})
                self.accepted.append(name)
            except CallError as error:
                self.codes[f"event {error.code} {error.executed.value}"] += 1

    def _drain(self) -> None:
        """Wait until every event that was accepted has run."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            runs = self.functions.read_runs()
            if all(name in runs for name in self.accepted):
                return
            time.sleep(0.2)

    def _find_violations(self) -> "Iterator[str]":
        runs = self.functions.read_runs()
        yield from self._find_false_claims(runs)
        yield from self._find_lost_events(runs)
        lives = len(self.server.kills) + 1
        if len(runs.get("ring", [])) < self.seconds / 2 - 10.0 * lives:
            yield "the timer rang {} times in {:.0f} s".format(len(runs.get("ring", [])), self.seconds)
        for growth in self.server.growth:
            if growth > MEMORY_BYTES:
                yield f"memory grew by {growth / 2**20:.1f} MB"

    def _find_false_claims(self, runs: "dict[str, list[float]]") -> "Iterator[str]":
        for name, claim in self.claims.items():
            times = runs.get(name, [])
            if len(times) > 1:
                yield f"{name} ran {len(times)} times"
            if claim is Verdict.YES and not times:
                yield f"{name} said YES and did not run"
            if claim is Verdict.NO and times:
                yield f"{name} said NO and ran"

    def _find_lost_events(self, runs: "dict[str, list[float]]") -> "Iterator[str]":
        for name in self.accepted:
            times = runs.get(name, [])
            if not times:
                yield f"{name} was accepted and never ran"
            for before, after in zip(times, times[1:], strict=False):
                if not any(before <= kill + 1.0 and kill <= after for kill in self.server.kills):
                    yield f"{name} ran twice with no kill between"

    def describe(self) -> str:
        """The figures."""
        lines = [
            f"{len(self.claims)} calls, {len(self.claims) / self.seconds:.0f} a second, slowest {self.slowest:.2f} s",
            f"{len(self.accepted)} events accepted",
            f"{self.saves} saves, {len(self.server.kills)} kills by -9",
            "memory grew by MB: " + ", ".join(f"{growth / 2**20:.1f}" for growth in self.server.growth),
            *(f"  {count:>8} {code}" for code, count in self.codes.most_common()),
        ]
        return "\n".join(lines)


def main(minutes: str, seed: str = "1") -> int:
    """Run, print what was found; 1 if something is wrong."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        soak = Soak(Path(folder), float(minutes), int(seed))
        stack.callback(soak.server.close)
        violations = soak.run()
        print(soak.describe())
        log = soak.server.stderr
        tracebacks = log.count("Traceback (most recent call last)")
        expected = soak.codes["status 430 yes"]
        print(
            f"{len(log.splitlines())} lines of the server's log, {tracebacks} tracebacks for {expected} errors raised"
        )
    for violation in violations[:50]:
        print("VIOLATION:", violation)
    return int(bool(violations))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
