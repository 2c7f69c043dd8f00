"""A local SCF from Python: ``with Local("functions") as local: ...``.

It runs in a process of its own, like ``scf local start``, and leaves no files behind. Its standard input is a pipe of
this process: it also ends where this process is killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tencentserverless.local.control import ask
from tencentserverless.local.private_files import read_variables
from tencentserverless.local.state_dir import (
    ADMIN_TOKEN_VARIABLE,
    ENDPOINT_VARIABLE,
    ID_VARIABLES,
    KEY_VARIABLES,
)

JsonObject = dict[str, Any]

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_LOG_SECONDS = 10.0  # time for a busy machine to write the lines
_LOOK_SECONDS = 0.01
_BEYOND_ALL_LINES = 10**12


class LocalError(Exception):
    """The local SCF could not start, or refused a request."""


class Local:
    """A local SCF on a free port, ephemeral unless an option names a state folder.

    ::

        from tencentserverless.local import Local
        from tencentserverless.scf import Client

        with Local("functions", ledger=True) as local:
            local.set_faults([{"kind": "lost", "function": "order", "first": 1}])
            client = Client("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.url)

    :param path: the folder of functions, as for ``scf local start``
    :param options: further options of ``scf local start``, such as ``"--time-scale", "60"``
    :param ledger: record all runs, from the beginning
    :param environment: the server's environment, by default this process's
    """

    def __init__(
        self,
        path: "str | os.PathLike[str]",
        *options: str,
        ledger: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._path = Path(path)
        self._options = options
        self._has_ledger = ledger
        self._given = environment
        self._process: subprocess.Popen[str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lifeline: int | None = None  # the end of a pipe that closes with this process, however that ends
        #: Variables that make clients call this server, for the environment of a program.
        self.environment: dict[str, str] = {}

    @property
    def url(self) -> str:
        """URL of the server."""
        return self._variable(ENDPOINT_VARIABLE)

    @property
    def secret_id(self) -> str:
        """SecretId of the server's key pair."""
        return self._variable(ID_VARIABLES[0])

    @property
    def secret_key(self) -> str:
        """SecretKey of the server's key pair."""
        return self._variable(KEY_VARIABLES[0])

    @property
    def log(self) -> str:
        """Everything that the server has written to its terminal until now: output of functions, errors, notices.

        The output of ended calls is complete.
        """
        return self.read_log()

    def read_log(self, start_bytes: int = 0) -> str:
        """Return the log from an offset on, such as an earlier ``log_bytes``."""
        self._settle_log()
        with self._place("log").open("rb") as file:
            file.seek(start_bytes)
            return file.read().decode("utf-8", "replace")

    @property
    def log_bytes(self) -> int:
        """Size of the log now."""
        return self._place("log").stat().st_size

    def start(self) -> "Local":
        """Start the server and wait until it answers.

        :raises LocalError: if the server can't start, with the server's own message
        """
        if self._process is not None:
            raise LocalError("this local SCF runs already")
        self._folder = tempfile.TemporaryDirectory(prefix="scf-local-")
        try:
            self._launch()
            if self._has_ledger:
                self._ask("PUT", "ledger", {"is_on": True})
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server and all processes that it has started."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def set_faults(self, rules: Iterable[Mapping[str, object]]) -> None:
        """Set the rules that decide which calls fail from now on; docs/reference/faults.md describes rules.

        :raises LocalError: if a rule can't be read; then the previous rules stay
        """
        self._ask("PUT", "faults", {"rules": [dict(rule) for rule in rules]})

    def faults(self) -> list[JsonObject]:
        """Return the active rules, each with the number of matching calls and how often it fired."""
        rules: list[JsonObject] = self._ask("GET", "faults")["rules"]
        return rules

    def ledger(self, **search: str) -> list[JsonObject]:
        """Return the recorded runs, the oldest first.

        :param search: ``request_id``, ``payload`` (SHA-256 of the event's JSON text, in hex) or ``function``
        :raises LocalError: if there are more runs than one answer holds, or the search is invalid
        """
        found = self._ask("GET", f"ledger?{urllib.parse.urlencode(search)}")
        entries: list[JsonObject] = found["entries"]
        if len(entries) < found["count"]:
            raise LocalError(
                f"{found['count']} entries fit, an answer holds {len(entries)}; search for less, or reset()"
            )
        return entries

    def reset(self) -> None:
        """Remove all faults, and empty the ledger."""
        self._ask("DELETE", "faults")
        self._ask("DELETE", "ledger")

    def status(self) -> JsonObject:
        """Return the functions, and the instances and calls of this moment."""
        return self._ask("GET", "status")

    def _settle_log(self) -> None:
        """Wait until the server has written all lines that it had when this was called."""
        said = None
        deadline = time.monotonic() + _LOG_SECONDS
        with contextlib.suppress(OSError, LocalError):  # the server has ended, and with it the thread that writes
            while ADMIN_TOKEN_VARIABLE in self.environment and time.monotonic() < deadline:
                found = self._ask("GET", f"logs?after={_BEYOND_ALL_LINES}")
                said = found["count"] if said is None else said
                if found["written"] >= said:
                    return
                time.sleep(_LOOK_SECONDS)

    def _variable(self, name: str) -> str:
        if self._process is None:
            raise LocalError("this local SCF does not run")
        return self.environment[name]

    def _place(self, name: str) -> Path:
        if self._folder is None:
            raise LocalError("this local SCF does not run")
        return Path(self._folder.name) / name

    def _launch(self) -> None:
        env_file = self._place("env")
        kept = [] if any(option.partition("=")[0] == "--state" for option in self._options) else ["--ephemeral"]
        command = [sys.executable, "-m", "tencentserverless", "local", "start", str(self._path)]
        command += ["--port", "0", "--unlisted", "--until-eof", "--env-file", str(env_file), *kept, *self._options]
        stdin, self._lifeline = os.pipe()
        try:
            with self._place("log").open("w", encoding="utf-8") as log:
                self._process = subprocess.Popen(  # noqa: S603  # our own command
                    command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=log, text=True, env=self._given
                )
        finally:
            os.close(stdin)
        deadline = time.monotonic() + _START_SECONDS
        while not env_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise LocalError(self.log.strip() or "the local SCF did not start")
            time.sleep(_LOOK_SECONDS)
        self.environment = read_variables(env_file)

    def _ask(self, method: str, place: str, content: object = None) -> JsonObject:
        self._variable(ADMIN_TOKEN_VARIABLE)  # raises an error if the server does not run
        status, found = ask(self.environment, method, place, content)
        if status != 200:
            raise LocalError(found["error"])
        return found

    def __enter__(self) -> "Local":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Local {self.url if self._process else 'stopped'} of {self._path}>"
