"""Clients run in processes of their own, in short slices that take turns: all meet the same state of the machine."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DRIVER = Path(__file__).parent / "clients" / "driver.py"
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Client:
    """One client of a pass.

    :ivar label: its name in the results
    :ivar code: ``module:function`` in ``clients/`` that prepares it
    :ivar environment: the environment whose interpreter runs it
    """

    label: str
    code: str
    environment: str


@dataclass(frozen=True)
class Slice:
    """The cost of one slice, in microseconds a call."""

    wall_us: float
    cpu_us: float


@dataclass(frozen=True)
class Pass:
    """Clients that take turns under the same conditions. The others are compared with the first.

    :ivar cpus: 1 for client and responder on the same CPU, 2 for one each
    :ivar in_flight: calls at once
    :ivar is_closing: the responder closes after each answer
    :ivar tls_version: the one version that the responder speaks, with a certificate of RSA; "" for any, with ECDSA
    :ivar slice_seconds: the approximate time of a turn
    """

    name: str
    clients: tuple[Client, ...]
    is_tls: bool = False
    cpus: int = 2
    in_flight: int = 1
    is_closing: bool = False
    rounds: int = 40
    slice_seconds: float = 0.03
    warm_calls: int = 64
    tls_version: str = ""

    @property
    def way(self) -> str:
        """The name of the settings that reach the responder as this pass does."""
        return self.tls_version or ("closing" if self.is_closing else "tls" if self.is_tls else "plain")

    @property
    def method(self) -> str:
        """The number of pairs of slices behind a ratio, and the certificate."""
        certificate = f"RSA 2048, {self.tls_version}" if self.tls_version else "ECDSA P-256"
        return f"median of {self.rounds} pairs of slices, {certificate if self.is_tls else 'no TLS'}"


@dataclass
class Measured:
    """The outcome of a pass: slices by client, in the order of the rounds, and the reasons of failed clients.

    :ivar method: the way of measuring, in words
    """

    clients: list[str]
    slices: dict[str, list[Slice]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    method: str = ""


class Process:
    """A client that runs and waits for orders.

    :param settings: the settings of the driver
    """

    def __init__(self, python: Path, settings: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self._process = subprocess.Popen(
            [str(python), str(DRIVER), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=dict(environment),
        )
        self._step = int(settings["in_flight"])
        self._calls = self._step

    def read(self) -> Any:
        """Read its next line.

        :raises RuntimeError: with what it wrote to stderr, if it ended
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError(words[-1] if words else f"it ended with status {self._process.returncode}")

    def measure(self, calls: int) -> Slice:
        """Let the client make this many calls."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"%d\n" % calls)
            self._process.stdin.flush()
        wall, cpu = self.read()
        return Slice(wall / calls * 1e6, cpu / calls * 1e6)

    def calibrate(self, seconds: float) -> None:
        """Find the number of calls that take about this long."""
        took = self.measure(self._step).wall_us / 1e6
        if took * self._step < seconds:  # the first calls opened connections
            took = self.measure(self._step * 4).wall_us / 1e6
        self._calls = max(1, round(seconds / took / self._step)) * self._step

    def run_slice(self) -> Slice:
        """Run one turn."""
        return self.measure(self._calls)

    def stop(self) -> None:
        """End the process; it is killed if it does not end in time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()


@dataclass(frozen=True)
class Place:
    """The surroundings of the clients: their interpreters, and the responder that they call.

    :ivar pythons: the interpreter of each environment
    :ivar settings: by ``plain``, ``tls``, ``closing`` and the versions of TLS with a port of their own: host, port, URL
        and trust, as the driver takes them
    :ivar environment: the variables of every client's process
    """

    pythons: Mapping[str, Path]
    settings: Mapping[str, Mapping[str, Any]]
    environment: Mapping[str, str]

    def settings_of(self, way: str) -> Mapping[str, Any]:
        """The settings that reach the responder in this way.

        :raises RuntimeError: if this responder has none
        """
        if way not in self.settings:
            raise RuntimeError(f"only nginx has a port for {way} alone, and it was not found")
        return self.settings[way]


def run_pass(plan: Pass, place: Place) -> Measured:
    """Start the clients of a pass, and let them take turns: forwards in one round, backwards in the next."""
    measured = Measured([client.label for client in plan.clients], method=plan.method)
    with contextlib.ExitStack() as stack:
        running: dict[str, Process] = {}
        for client in plan.clients:
            try:
                running[client.label] = start_client(client, plan, place, stack)
            except (OSError, RuntimeError) as error:
                measured.missing[client.label] = str(error)
        for label in running:
            measured.slices[label] = []
        for index in range(plan.rounds):
            run_round(running if index % 2 == 0 else dict(reversed(running.items())), measured)
    return measured


def start_client(client: Client, plan: Pass, place: Place, stack: contextlib.ExitStack) -> Process:
    """Start a client, and find the number of calls in its slices.

    :raises RuntimeError: if it cannot run
    """
    if client.environment not in place.pythons:
        raise RuntimeError(f"there is no environment with {client.environment}")
    settings = {
        **place.settings_of(plan.way),
        "client": client.code,
        "in_flight": plan.in_flight,
        "warm_calls": plan.warm_calls,
    }
    process = Process(place.pythons[client.environment], settings, place.environment)
    stack.callback(process.stop)
    process.read()
    process.calibrate(plan.slice_seconds)
    return process


def run_round(running: Mapping[str, Process], measured: Measured) -> None:
    """Run one turn of each client."""
    for label, process in running.items():
        measured.slices[label].append(process.run_slice())
