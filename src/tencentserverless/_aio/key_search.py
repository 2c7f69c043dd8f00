"""Asks credential providers, which may block, in threads of its own.

The loop's default executor belongs to the program. Behind the program's work a search could wait longer than the call's
timeout, and for ever if that work waits for one of our calls.
"""

import asyncio
import threading

from tencentserverless.exception import CredentialError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless._base.environment_keys import Provider
    from tencentserverless.models import Credentials

    Search = asyncio.Future[Credentials]
    Task = tuple[asyncio.AbstractEventLoop, Search, Provider, bool]

IDLE_SECONDS = 10.0  # a thread ends after so long without a search


class KeySearches:
    """The searches of one loop. Tasks with the same request to the same provider share one."""

    def __init__(self) -> None:
        self._under_way: "dict[tuple[Provider, bool], Search]" = {}
        self._idle: "list[_Worker]" = []

    def search(self, provider: "Provider", refresh: bool) -> "Search":
        """Search for keys: a future of the provider's keys or error. A caller may stop waiting for it."""
        key = (provider, refresh)
        search = self._under_way.get(key)
        if search is None:
            loop = asyncio.get_event_loop()
            search = loop.create_future()
            self._start((loop, search, provider, refresh))
            self._under_way[key] = search  # only after it has begun: a signal handler may raise before
            search.add_done_callback(lambda _: self._note_ended(key))
        return search

    def _start(self, task: "Task") -> None:
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker(self._idle)
        try:
            worker.give(task)
        except RuntimeError as error:  # the system has no thread left, or the interpreter ends
            message = "no thread can be started to ask for keys: {}".format(error)
            task[1].set_exception(CredentialError("InvalidCredential", message, executed=Verdict.NO))

    def _note_ended(self, key: "tuple[Provider, bool]") -> None:
        search = self._under_way.pop(key)
        if not search.cancelled():
            search.exception()  # else the loop would log an exception that no task retrieved


class _Worker:
    """A thread that does one search after the other. It is a daemon, so that a search that hangs never blocks the exit.

    :param idle: the list of idle workers, which it joins after each search
    """

    def __init__(self, idle: "list[_Worker]") -> None:
        self._idle = idle
        self._task: "Task | None" = None
        self._is_started = False
        self._gate = threading.Lock()
        self._gate.acquire()

    def give(self, task: "Task") -> None:
        """Give an idle worker a search. Its caller has taken it from the idle list, so no other can."""
        self._task = task
        if self._is_started:
            self._gate.release()
        else:
            self._is_started = True
            threading.Thread(target=self._work, name="tencentserverless-keys", daemon=True).start()

    def _work(self) -> None:
        is_wanted = True
        while is_wanted:
            assert self._task is not None
            loop, search, provider, refresh = self._task
            found, fault = _ask(provider, refresh)
            self._task = None
            self._idle.append(self)  # before the answer is sent: the next search may follow at once
            _send(loop, search, found, fault)
            del loop, search, provider, found, fault
            is_wanted = self._await_search()

    def _await_search(self) -> bool:
        if self._gate.acquire(timeout=IDLE_SECONDS):
            return True
        try:
            self._idle.remove(self)
        except ValueError:  # a search was given at the same time
            return self._gate.acquire()
        return False


def _ask(provider: "Provider", refresh: bool) -> "tuple[Credentials | None, BaseException | None]":
    try:
        return provider.get(refresh), None
    except BaseException as error:  # noqa: BLE001  # any error goes to the waiting tasks
        return None, error


def _send(
    loop: asyncio.AbstractEventLoop, search: "Search", found: "Credentials | None", fault: "BaseException | None"
) -> None:
    """Send the outcome of a search to the loop."""
    try:
        loop.call_soon_threadsafe(_end, search, found, fault)
    except RuntimeError:  # the loop has ended, and with it all waiting tasks
        pass


def _end(search: "Search", found: "Credentials | None", fault: "BaseException | None") -> None:
    if fault is not None:
        search.set_exception(fault)
    elif found is not None:
        search.set_result(found)
