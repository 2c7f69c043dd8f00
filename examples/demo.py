"""Run the spec's programs against a local SCF: ``make demo``.

Starts a local SCF with the functions of this folder, runs each program of ``callers`` against it in a process of its
own, shows the output of each, and ends with status 1 if an output lacks an expected line.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
READY = "SCF local ready at "
START_SECONDS = 60.0
STEP_SECONDS = 60.0
STOP_SECONDS = 15.0

HELLO = '"Hello World from the function being invoked"'
DONE = '"Already invoked a function!"'
PREPARE = "prepare to invoke a function!"


class Step(NamedTuple):
    """One program, and the lines that its output must have, in this order."""

    title: str
    program: tuple[str, ...]
    expected: tuple[str, ...]


TIMING = Step("FuncInvoked, timed", ("timing.py",), ("cold: ", "warm: "))
STEPS = (
    Step("local program, scf.invoke", ("PythonInvokeTestWay1.py",), (PREPARE, HELLO)),
    Step("local program, Client", ("PythonInvokeTest.py",), (PREPARE, HELLO)),
    Step("local program, native call", ("PythonInvokeTestNative.py",), (PREPARE, HELLO)),
    Step(
        "function in ap-chengdu calls function in ap-guangzhou, scf.invoke",
        ("cross_region.py", "PythonInvokeTest"),
        (DONE, PREPARE, HELLO),
    ),
    Step(
        "function in ap-chengdu calls function in ap-guangzhou, Client",
        ("cross_region.py", "PythonInvokeTestClient"),
        (DONE, PREPARE, HELLO),
    ),
)


class Failure(Exception):
    """An error that ends the demo; the message says why."""


class Server:
    """A local SCF in a process of its own, which ends when the demo does."""

    def __init__(self, env_file: Path) -> None:
        scf = Path(sys.executable).with_name("scf")
        command = [str(scf), "local", "start", str(HERE / "functions"), "--strict"]
        command += ["--port", "0", "--ephemeral", "--unlisted", "--until-eof", "--env-file", str(env_file)]
        self.output: list[str] = []
        self._settled = threading.Event()
        try:
            self._process = subprocess.Popen(
                command,
                env=clean_environment(),
                stdin=subprocess.PIPE,  # it ends with the demo, however that ends
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C goes to the demo alone
            )
        except OSError as error:
            raise Failure(f"{scf} could not be started: {error}") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self.output.append(line.rstrip("\n"))
                if line.startswith(READY):
                    self._settled.set()
        self._settled.set()

    def wait_until_ready(self) -> list[str]:
        """Wait until the server is ready; the value is its output until then."""
        self._settled.wait(START_SECONDS)
        output = list(self.output)
        if not any(line.startswith(READY) for line in output):
            raise Failure("\n".join(["The local SCF did not become ready. It printed:", *output]))
        return output

    def stop(self) -> None:
        """Stop the server with SIGTERM, as a service manager does.

        :raises Failure: if it does not end well
        """
        self._process.terminate()
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"The local SCF did not end within {STOP_SECONDS:g} seconds of SIGTERM") from None
        self._reader.join(STOP_SECONDS)
        self._close_input()
        if status != 0:
            raise Failure("\n".join([f"The local SCF ended with status {status}. It printed:", *self.output]))

    def drop(self) -> None:
        """End the server in any state."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._process.kill()
            self._process.wait()
        self._close_input()

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()


def clean_environment() -> dict[str, str]:
    """The environment without the variables that lead a program to the real cloud."""
    ours = ("TENCENTCLOUD_", "TENCENTSERVERLESS_")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


def load_env_file(path: Path) -> dict[str, str]:
    """Read the variables of a file that a shell can source."""
    return dict(item.split("=", 1) for item in shlex.split(path.read_text(encoding="utf-8")) if "=" in item)


def run_step(step: Step, environment: dict[str, str]) -> str:
    """Run a program and return what it printed.

    :raises Failure: if the output lacks an expected line
    """
    command = [sys.executable, str(HERE / "callers" / step.program[0]), *step.program[1:]]
    process = None
    try:
        with signals_held():
            process = subprocess.Popen(
                command,
                env={**environment, "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        output, _ = process.communicate(timeout=STEP_SECONDS)
    except BaseException:
        if process is not None:
            process.kill()
            process.communicate()
        raise
    lines = iter(output.splitlines())
    missing = [expected for expected in step.expected if not any(line.startswith(expected) for line in lines)]
    if process.returncode or missing:
        wanted = f"it should have printed {missing[0]!r}" if missing else f"it ended with status {process.returncode}"
        raise Failure(f"{' '.join(step.program)}: {wanted}. It printed:\n{output}")
    return output


@contextmanager
def running_server() -> Iterator[dict[str, str]]:
    """Start a server; the value is the environment that leads programs to it."""
    with tempfile.TemporaryDirectory(prefix="scf-demo-") as folder:
        env_file = Path(folder) / "env"
        server = None
        try:
            with signals_held():
                server = Server(env_file)
            for line in server.wait_until_ready():
                print(line)
            yield {**clean_environment(), **load_env_file(env_file)}
            server.stop()
        except BaseException:
            if server is not None:
                server.drop()
            raise


@contextmanager
def signals_held() -> Iterator[None]:
    """Block SIGINT and SIGTERM while a process starts: after an interrupted start, no one would end the process."""
    came: list[int] = []
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def run_demo() -> None:
    """Run every step, and print its output."""
    with running_server() as environment:
        timing = run_step(TIMING, environment)
        for number, step in enumerate(STEPS, 1):
            print(f"\n=== {number}. {step.title}: {' '.join(step.program)}", flush=True)
            print(run_step(step, environment), end="", flush=True)
    print(f"\nRan {len(STEPS)} programs against a local SCF; each printed what the spec says.")
    print("Time of a call to FuncInvoked, seen by the caller:")
    print(timing, end="")


def end_on_signal(*_: object) -> None:
    """Turn SIGTERM into Ctrl-C, so that the server is stopped too."""
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; the value is 0 if all outputs are right, 1 if not, 130 after Ctrl-C."""
    signal.signal(signal.SIGTERM, end_on_signal)
    try:
        run_demo()
    except Failure as failure:
        print(f"\nFAILED: {failure}", file=sys.stderr)
        return 1
    except subprocess.TimeoutExpired as error:
        print(f"\nFAILED: {' '.join(error.cmd)} took more than {STEP_SECONDS:g} seconds", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
