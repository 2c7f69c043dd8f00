"""``FakeFunction``: a stand-in for ``scf.Function`` in unit tests. No process, no socket, no environment."""

from collections.abc import Iterable
from typing import Any

from tencentserverless._base.arguments import iterate_inputs
from tencentserverless._sync.invocation import Invocation
from tencentserverless._sync.map import Map
from tencentserverless._sync.spawn_map import SpawnMap
from tencentserverless.exception import TencentServerlessSDKException
from tencentserverless.models import InvocationStatus, InvokeResult
from tencentserverless.scf import Function
from tencentserverless.testing.scripted import Ended, InTurn, Scripted, check_limits


class FakeFunction(Scripted, Function):
    """Stands in for ``scf.Function``: called, invoked, spawned and mapped like one, and remembers its calls.

    ::

        order = FakeFunction("order", answers=[{"id": 1}, FunctionTimeout, {"id": 2}])
        assert order(item="tea").json() == {"id": 1}
        assert order.calls == [FakeCall({"item": "tea"})]

    Arguments are checked and the event becomes JSON text as for a real call, so that what the API would refuse is
    refused here by the same error. One of four arguments gives the outcome of a call; by default it is None.

    :param name: of the function, as ``function.name``
    :param returns: the return value, anything that JSON can carry
    :param raises: the error of each call, or its class
    :param answers: the outcomes of the calls, one after the other; errors and their classes are raised
    :param handler: is called with the event; its return value or error is the outcome of the call
    :raises TypeError: if more than one is given, or JSON cannot carry what it returns
    """

    __slots__ = ()

    def __call__(self, *args: Any, **keywords: Any) -> InvokeResult:
        """Call it. The event is ``data=``, one positional argument, or else the keywords, as for a real function.

        :raises Exception: what the fake is to raise, or what a real call with these arguments would
        """
        options = self._merge(args, keywords)
        return self._run("invoke", options.pop("data"), options)

    def invoke(self, data: Any = None) -> InvokeResult:
        """Call it with this event; None sends none.

        :raises Exception: what the fake is to raise, or what a real call with this event would
        """
        return self._run("invoke", data)

    def spawn(self, data: Any = None) -> "FakeInvocation":
        """Start it: the outcome is there at once. A failure of the function is raised by ``result()``.

        :raises Exception: what the fake is to raise, unless it is a failure of the function
        """
        outcome: InvokeResult | TencentServerlessSDKException
        try:
            outcome = self._run("spawn", data)
        except TencentServerlessSDKException as error:
            outcome = error
        return FakeInvocation(self.name, self._last_id(), outcome)

    def map(
        self,
        iterable: Iterable[Any],
        concurrency: int | None = None,
        ordered: bool = True,
        return_exceptions: bool = False,
        journal: Any = None,
        *,
        grace: float = 5.0,
    ) -> "FakeMap":
        """Call it for each input, one after the other, while you iterate.

        :raises NotImplementedError: for a journal
        :raises TypeError, ValueError: an argument cannot be used
        """
        limits = check_limits(concurrency, ordered, return_exceptions, journal, grace)
        return FakeMap(lambda data: self._run("map", data), iterate_inputs(iterable), *limits)

    def spawn_map(self, iterable: Iterable[Any], **limits: Any) -> SpawnMap:
        """Raise an error: fakes have no ``spawn_map``.

        :raises NotImplementedError: always
        """
        raise NotImplementedError("FakeFunction has no spawn_map; test that with the fixture scf_local")

    def _run(self, way: str, data: Any, options: dict[str, Any] | None = None) -> InvokeResult:
        """Make one call, from its arguments to its outcome."""
        given = options or {}
        event = self._note(way, data, given)
        request_id = self._last_id()
        return self._conclude(self._answer(event), request_id, given)


class FakeInvocation(Ended, Invocation):
    """The ended invocation that ``FakeFunction.spawn`` returns. ``was_cancelled`` is true after ``cancel``."""

    __slots__ = ()

    def status(self) -> InvocationStatus:
        """The status of the ended invocation."""
        return self._find_status()

    def cancel(self, grace: bool = False) -> None:
        """Record that the invocation was cancelled."""
        self._note_cancel(grace)


class FakeMap(InTurn, Map):
    """The outcomes of ``FakeFunction.map``, an iterator. Each input is taken when its outcome is asked for."""

    __slots__ = ()

    def __next__(self) -> InvokeResult:
        """The next outcome; its ``position`` is that of its input."""
        if self._is_closed:
            raise StopIteration
        data = next(self._inputs)
        position = self._take()
        try:
            return self._place(self._call(data), position)
        except Exception as error:  # noqa: BLE001  # marked, and raised again unless ``return_exceptions`` asks for it
            return self._mark(error, position)

    def close(self) -> None:
        """Take no further input."""
        self._is_closed = True
