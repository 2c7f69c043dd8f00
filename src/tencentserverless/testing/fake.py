"""``FakeFunction``: a stand-in for ``scf.Function`` in unit tests. No process, no socket, no environment."""

from collections.abc import Callable, Iterable
from typing import Any

from tencentserverless._arguments import check_count, check_flag, check_seconds
from tencentserverless._sync.fanout import Map
from tencentserverless._sync.invocation import Invocation
from tencentserverless._sync.spawning import SpawnMap
from tencentserverless.exception import TencentServerlessSDKException
from tencentserverless.models import InvocationStatus, InvokeResult, place_result
from tencentserverless.scf import Function
from tencentserverless.testing.scripted import Ended, Scripted


class FakeFunction(Scripted, Function):
    """Stands in for ``scf.Function``: called, invoked, spawned and mapped like one, and remembers its calls.

    ::

        order = FakeFunction("order", answers=[{"id": 1}, FunctionTimeout, {"id": 2}])
        assert order(item="tea").json() == {"id": 1}
        assert order.calls == [FakeCall({"item": "tea"})]

    Arguments are checked and the event becomes JSON text as for a real call, so that what the API would refuse is
    refused here by the same error. What comes of a call is given by one of four; by default it is None.

    :param name: of the function, as ``function.name``
    :param returns: what it returns, anything that JSON can carry
    :param raises: what each call raises, an error or its class
    :param answers: what the calls return or raise, one after the other; errors and their classes are raised
    :param handler: is called with the event; what it returns or raises is what the call does
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
        """Start it: what it comes to is there at once. A failure of the function is raised by ``result()``.

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
        if journal is not None:
            raise NotImplementedError("FakeFunction.map keeps no journal; test that with the fixture scf_local")
        width = 32 if concurrency is None else check_count("concurrency", concurrency)
        check_flag("ordered", ordered)
        check_seconds("grace", grace)
        catches = check_flag("return_exceptions", return_exceptions)
        return FakeMap(lambda data: self._run("map", data), iterable, width, catches)

    def spawn_map(self, iterable: Iterable[Any], **limits: Any) -> SpawnMap:
        """Not for fakes.

        :raises NotImplementedError: always
        """
        raise NotImplementedError("FakeFunction has no spawn_map; test that with the fixture scf_local")

    def _run(self, way: str, data: Any, options: dict[str, Any] | None = None) -> InvokeResult:
        """One call, from its arguments to what comes of it."""
        given = options or {}
        event = self._note(way, data, given)
        request_id = self._last_id()
        return self._conclude(self._answer(event), request_id, given)


class FakeInvocation(Ended, Invocation):
    """What ``FakeFunction.spawn`` gives: an invocation that has ended. ``was_cancelled`` tells of ``cancel``."""

    __slots__ = ()

    def status(self) -> InvocationStatus:
        """How it has ended."""
        return self._find_status()

    def cancel(self, grace: bool = False) -> None:
        """Note that it was to be terminated."""
        self.was_cancelled = True


class FakeMap(Map):
    """The outcomes of ``FakeFunction.map``, an iterator. Each input is taken when its outcome is asked for."""

    __slots__ = ("_call", "_catches", "_inputs", "_is_closed", "_pulled", "_width")

    def __init__(self, call: Callable[[Any], InvokeResult], iterable: Iterable[Any], width: int, catches: bool) -> None:
        self._call = call
        self._inputs = iter(iterable)
        self._width = width
        self._catches = catches
        self._pulled = 0
        self._is_closed = False

    def __next__(self) -> InvokeResult:
        """The next outcome; its ``position`` is its input's."""
        if self._is_closed:
            raise StopIteration
        data = next(self._inputs)
        position, self._pulled = self._pulled, self._pulled + 1
        try:
            result = self._call(data)
        except AssertionError:
            raise
        except Exception as error:
            error.position = position  # type: ignore[attr-defined]  # as the real one marks errors of any kind
            if self._catches:
                return error  # type: ignore[return-value]  # as return_exceptions asks
            raise
        facts = (result.request_id, result.function_request_id, 0.0, 0, 0, "")
        return place_result(str(result), facts, position)

    def close(self) -> None:
        """Take no further input."""
        self._is_closed = True

    @property
    def pulled(self) -> int:
        """Inputs that were taken so far."""
        return self._pulled

    @property
    def in_flight(self) -> int:
        """None: a call ends before the next begins."""
        return 0

    @property
    def concurrency(self) -> int:
        """What was asked for."""
        return self._width

    @property
    def throttled(self) -> int:
        """None."""
        return 0

    def __repr__(self) -> str:
        return f"<FakeMap, {self._pulled} pulled>"
