"""A seeded walk over a real server: steps by chance, each of them held against a plain model.

Not hypothesis: it would shrink a failure by running hundreds of other walks, each of which starts servers, and a race
that shows once in a thousand steps would be gone in most of them. A walk is known by its seed instead, and says the
steps that led to a divergence, so that a reader can see it, and a run with the same seed takes the same steps.
"""

import random
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.proof.local_process import Api, ServerProcess

SETTLE_SECONDS = 20.0
LOOK_SECONDS = 0.004
SHOWN_STEPS = 40
TOLD_STEPS = 1000
_LOG_CHARS = 30_000  # the stacks of a server that does not end are long
ANSWER_SECONDS = 0.02  # about what a request takes whose server is killed meanwhile


class Divergence(Exception):
    """The server is not as the model has it."""


class Walk:
    """One walk.

    :cvar steps: the names of methods that make a step and tell about it, each with its weight
    :ivar now: the number of the step
    :ivar kills: when the server was killed by -9, in UNIX seconds
    """

    steps: "Mapping[str, float]"

    def __init__(self, server: ServerProcess, seed: int) -> None:
        self.rng = random.Random(seed)
        self.server = server
        self.api = Api(server)
        self.now = 0
        self.counts: Counter[str] = Counter()
        self.trail: deque[str] = deque(maxlen=SHOWN_STEPS)

    def run(self, count: int) -> None:
        """Take so many steps.

        :raises Divergence: with the last steps and the end of the server's log
        """
        names, weights = list(self.steps), list(self.steps.values())
        try:
            for _ in range(count):
                self.now += 1
                name = self.rng.choices(names, weights)[0]
                self.counts[name] += 1
                self.trail.append(f"{self.now:>6} {name}: ")
                self.trail[-1] += str(getattr(self, name)())
                self.check()
                if self.now % TOLD_STEPS == 0:
                    print(f"{self.now} steps", file=sys.stderr, flush=True)
            self.finish()
        except Exception as error:
            steps = "\n".join(self.trail)
            raise Divergence(f"{error!r}\nafter\n{steps}\nlog:\n{self.server.stderr[-_LOG_CHARS:]}") from error

    def check(self) -> None:
        """Hold the server against the model, after a step."""

    def finish(self) -> None:
        """Hold everything against the model, at the end."""

    def end_server(self, number: int) -> None:
        """End the server. By SIGTERM it must end well."""
        self.api.close()
        code = self.server.end(number)
        if number == signal.SIGTERM and code != 0:
            raise Divergence(f"the server ended with {code}")

    def start_server(self) -> None:
        """Begin the next life."""
        self.server.start()
        self.api = Api(self.server)

    def kill_during(self, action: str, parameters: "dict[str, object]") -> "dict[str, Any] | None":
        """Send a request and kill the server meanwhile. The value is the answer, None if there was no good one."""
        other = Api(self.server)
        other.send(action, **parameters)
        time.sleep(self.rng.random() * ANSWER_SECONDS)
        self.end_server(signal.SIGKILL)
        answer = other.receive_or_none()
        other.close()
        return None if answer is None or "Error" in answer else answer

    def wait(self, look: "Callable[[], object]", wanted: object, what: str) -> None:
        """Look until one sees what one wants.

        :raises Divergence: if that does not come
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        seen = look()
        while seen != wanted:
            if time.monotonic() > deadline:
                raise Divergence(f"{what}\n  wanted {wanted}\n  seen   {seen}")
            time.sleep(LOOK_SECONDS)
            seen = look()

    def close(self) -> None:
        """End the server, whatever has happened."""
        self.api.close()
        self.server.close()

    def describe(self) -> str:
        """The figures."""
        return ", ".join(f"{count} {name}" for name, count in self.counts.most_common())


def fill(folder: Path, files: "dict[str, str]") -> None:
    """Write files into a folder, which may be new."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def must_be(seen: object, wanted: object, what: str) -> None:
    """Two things are the same.

    :raises Divergence: if they are not
    """
    if seen != wanted:
        raise Divergence(f"{what}\n  wanted {wanted}\n  seen   {seen}")
