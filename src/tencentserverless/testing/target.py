"""The object of fixture ``scf_local``: a local SCF as one test sees it, or the cloud."""

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, NoReturn

import pytest

from tencentserverless._base.arguments import check_flag
from tencentserverless._base.runtime import monotonic
from tencentserverless._core.request import encode_event
from tencentserverless.auth import UrlSigner
from tencentserverless.config import ENDPOINT_GUARD
from tencentserverless.exception import ResourceNotFound
from tencentserverless.local import Local, LocalError
from tencentserverless.local.settings import DEFAULT_UIN
from tencentserverless.local.state_dir import ADMIN_TOKEN_VARIABLE
from tencentserverless.scf import Client, Function
from tencentserverless.testing import deployment
from tencentserverless.testing.bridge import Bridge
from tencentserverless.testing.ledger import Execution, explain, read_executions
from tencentserverless.testing.local_url import LocalUrl, ServerUrl
from tencentserverless.testing.servers import GUARD_TEXT
from tencentserverless.testing.source import Handler, name_of, write_module
from tencentserverless.testing.web_source import find_app, write_files

_ANY = object()  # of every event
_NO_EVENT = "{}"  # the event of a call that sends none
_PATIENCE_SECONDS = 2.0  # for calls that are under way when their test ends
_PAUSE_SECONDS = 0.02
_SHOWN_CHARS = 2000


class ScfLocal:
    """A local SCF for one test: its functions, faults and ledger entries are removed when the test ends.

    Inside a ``with``, which is the fixture's, the environment leads every client to it, and none to the cloud.

    :ivar environment: the variables that are set for the code under test
    """

    environment: dict[str, str]

    def __init__(self, local: Local, bridge: Bridge) -> None:
        self._local = local
        self._bridge = bridge
        self._stack = ExitStack()
        self._rules: list[Mapping[str, Any]] = []
        self._own_client: Client | None = None
        self._known: frozenset[str] = frozenset()
        self._calls_before = 0
        self._urls: list[dict[str, str]] = []  # that the test has added to functions
        self._log_start_bytes = 0
        self.environment = {name: text for name, text in local.environment.items() if name != ADMIN_TOKEN_VARIABLE}

    @property
    def url(self) -> ServerUrl:
        """The URL of the server, a text for a client's ``endpoint=``. ``url("NAME")`` finds the URL of a function."""
        return ServerUrl(self._find("url").url, self._find_url)

    @property
    def secret_id(self) -> str:
        """The SecretId of the server's key pair."""
        return self._find("secret_id").secret_id

    @property
    def secret_key(self) -> str:
        """The SecretKey of the server's key pair."""
        return self._find("secret_key").secret_key

    @property
    def log(self) -> str:
        """The output of functions and of the server since the test began. The output of ended calls is complete."""
        text: str = self._find("log").read_log(self._log_start_bytes)
        return text

    def client(self, **options: Any) -> Client:
        """A client that calls this server, closed when the test ends.

        :param options: keyword arguments of ``scf.Client``
        """
        local = self._local
        keys = {} if "credentials" in options else {"secret_id": local.secret_id, "secret_key": local.secret_key}
        return self._stack.enter_context(Client(**{"endpoint": local.url, **keys, **options}))

    def register(
        self,
        function: Handler,
        name: str | None = None,
        *,
        inprocess: bool = False,
        timeout_seconds: int = 60,
        memory_mb: int = 128,
        environment: Mapping[str, str] | None = None,
    ) -> Function:
        """Make a Python function the handler of a new function, for this test. Also fit to be a decorator.

        It runs in a worker process, on its own source: it takes all that it needs from the event or imports it itself.
        With ``inprocess=True`` it runs in the process of the test, in a thread, so that it sees what the test has
        patched and closes over; its worker only passes calls on.

        :param function: takes the event and the context
        :param name: of the function, by default the Python function's own. One that this test has registered before is
            replaced
        :param timeout_seconds: until the platform ends a call
        :param environment: variables of the worker
        :returns: the function as a callable
        :raises UnfitFunction: if the function can't run in a worker; the message names the cure
        :raises LocalError: if the server refuses, for instance a name that a function of the folder has
        """
        check_flag("inprocess", inprocess)
        local = self._find("register()")
        name = name_of(function, name)
        module = self._bridge.add(name, function) if inprocess else write_module(function)
        self._replace(local, name)
        variables = deployment.environment(environment or {})
        deployment.create(local, name, module, Timeout=timeout_seconds, MemorySize=memory_mb, Environment=variables)
        return self._find_client().function(name)

    def register_web(
        self,
        app: Any,
        name: str | None = None,
        *,
        timeout_seconds: int = 60,
        memory_mb: int = 512,
        concurrency: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> LocalUrl:
        """Serve an ASGI or WSGI app as a web function, for this test.

        A worker process imports it from its module, and serves it by uvicorn, hypercorn or granian (ASGI), or waitress,
        granian or hypercorn (WSGI), whichever is installed for the tests first.

        :param app: at the top level of a module
        :param name: of the function, by default the app's name in its module
        :param timeout_seconds: until the platform ends a request
        :param concurrency: requests of one instance at once
        :param environment: variables of the worker
        :returns: the function's URL, a text without a slash at its end, with ``get``, ``post`` and ``request``
        :raises UnfitFunction: if a worker can't import the app, or no server is installed; the message names the cure
        :raises LocalError: if the server refuses, for instance a name that a function of the folder has
        """
        local = self._find("register_web()")
        place = find_app(app)
        name = place.name if name is None else name
        files = write_files(place, app)
        self._replace(local, name)
        settings: dict[str, Any] = {"Timeout": timeout_seconds, "MemorySize": memory_mb}
        if concurrency > 1:
            settings["InstanceConcurrencyConfig"] = {"DynamicEnabled": "FALSE", "MaxConcurrency": concurrency}
        variables = deployment.environment(environment or {})
        deployment.create_web(local, name, files, Environment=variables, **settings)
        return self._find_url(name, None)

    def _replace(self, local: Local, name: str) -> None:
        """Delete a function that this test has registered before."""
        key = deployment.key_of(local, name)
        if key in local.status()["functions"] and key not in self._known:
            deployment.delete(local, key)

    def fault(self, kind: str, function: str = "*", **rule: Any) -> None:
        """Add a fault to those that are set already. All faults then count their calls from zero.

        :param kind: ``refuse``, ``throttle``, ``delay``, ``crash``, ``timeout``, ``lost`` or ``cut``
        :param function: whose calls; a pattern such as ``order-*``
        :param rule: further fields, such as ``first=1``; docs/reference/faults.md lists them
        :raises LocalError: if the rule can't be read; then those before still count
        """
        self.set_faults([*self._rules, {"kind": kind, "function": function, **rule}])

    def set_faults(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Replace all faults by these rules; docs/reference/faults.md lists the fields of a rule.

        :raises LocalError: if one can't be read; then those before still count
        """
        wanted = list(rules)
        self._find("set_faults()").set_faults(wanted)
        self._rules = wanted

    def executions(self, function: str | None = None, *, data: Any = _ANY) -> list[Execution]:
        """The executions of this test, the oldest first.

        :param function: its name, None for all
        :param data: the event, as it was given to the call; by default every event
        :raises TypeError, ValueError: for data that no event can be
        """
        search = {} if function is None else {"function": function}
        if data is not _ANY:
            search["payload"] = hashlib.sha256((encode_event(data) or _NO_EVENT).encode()).hexdigest()
        return read_executions(self._find("executions()").ledger(**search))

    def assert_executed_once(self, function: str, *, data: Any = _ANY) -> None:
        """Assert that the function ran exactly once, also if its answer was lost.

        :param data: count the executions of this event alone
        :raises AssertionError: if it did not run, or ran more than once; the message shows the executions
        """
        __tracebackhide__ = True
        self._find("assert_executed_once()")
        self._assert_times(1, f"{function!r} to run once", function, data)

    def assert_not_executed(self, function: str, *, data: Any = _ANY) -> None:
        """Assert that the function did not run.

        :param data: count the executions of this event alone
        :raises AssertionError: if it ran; the message shows the executions
        """
        __tracebackhide__ = True
        self._find("assert_not_executed()")
        self._assert_times(0, f"{function!r} not to run", function, data)

    def _find_url(self, function_name: str, qualifier: str | None) -> LocalUrl:
        """The URL of a function. One that has none gets one, until the test ends."""
        local, client = self._local, self._find_client()
        try:
            url = client.url(function_name, qualifier=qualifier)
        except ResourceNotFound:
            trigger = deployment.add_url(local, function_name, qualifier)
            if trigger is None:
                raise
            self._urls.append(trigger)
            url = client.url(function_name, qualifier=qualifier)
        signer = UrlSigner(url, uin=DEFAULT_UIN, secret_id=local.secret_id, secret_key=local.secret_key)
        return LocalUrl(url, signer)

    def _assert_times(self, times: int, wanted: str, function: str, data: Any) -> None:
        __tracebackhide__ = True
        found = self.executions(function, data=data)
        if sum(each.begun for each in found) != times:
            if data is not _ANY:
                wanted += f" with the event {encode_event(data)}"
            raise AssertionError(explain(wanted, found, self.executions(), self._local.faults()))

    def _find(self, what: str) -> Local:
        """The server of this test, which the cloud can't replace."""
        return self._local

    def _find_client(self) -> Client:
        if self._own_client is None:
            self._own_client = self.client()
        return self._own_client

    def __enter__(self) -> "ScfLocal":
        local = self._local
        local.reset()
        status = local.status()
        self._known = frozenset(status["functions"])
        self._calls_before = status["calls"]  # that earlier tests have left
        self._log_start_bytes = local.log_bytes
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        for name, text in {**self.environment, ENDPOINT_GUARD: os.environ.get(ENDPOINT_GUARD) or GUARD_TEXT}.items():
            patch.setenv(name, text)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        try:
            self._clean_up()
        except OSError as error:
            end = self._local.log[-_SHOWN_CHARS:].strip()
            raise LocalError(f"the local SCF has died during this test; the end of its log:\n{end}") from error

    def _clean_up(self) -> None:
        """Delete the functions of the test, and let its calls end."""
        local = self._local
        for key in local.status()["functions"]:
            if key not in self._known:
                deployment.delete(local, key)
                self._bridge.remove(key.rpartition("/")[2])
        for trigger in self._urls:
            deployment.remove_url(local, trigger)
        deadline = monotonic() + _PATIENCE_SECONDS
        while local.status()["calls"] > self._calls_before and monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        local.reset()

    def __repr__(self) -> str:
        return f"<ScfLocal {self._local!r}>"


class ScfCloud(ScfLocal):
    """The cloud of the environment in place of the local SCF. A test that needs the local SCF itself is skipped."""

    environment: dict[str, str]

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._rules = []
        self._own_client = None
        self.environment = {}

    def client(self, **options: Any) -> Client:
        """A client with the settings of the environment, closed when the test ends."""
        return self._stack.enter_context(Client(**options))

    def _find(self, what: str) -> NoReturn:
        pytest.skip(f"--scf-target=cloud: {what} is the local SCF's alone")

    def __enter__(self) -> "ScfCloud":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __repr__(self) -> str:
        return "<ScfCloud>"
