"""``FakeFunction``: a stand-in for ``scf.Function`` in unit tests. No process, no socket, no environment."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tencentserverless._arguments import check_count, check_flag, check_seconds
from tencentserverless._client import AGENT, LANGUAGES
from tencentserverless._core import wire
from tencentserverless._core.polling import Watched
from tencentserverless._core.request import Call, RequestBuilder, explain_unencodable
from tencentserverless._sync.fanout import Map
from tencentserverless._sync.invocation import Invocation
from tencentserverless._sync.spawning import SpawnMap
from tencentserverless.exception import TencentServerlessSDKException
from tencentserverless.models import InvocationStatus, InvokeResult, Verdict, place_result
from tencentserverless.scf import Function

Failure = Exception | type[Exception]

_UNSET: Any = object()
_builder = RequestBuilder("fake", LANGUAGES[0], AGENT)  # knows what the API would refuse
#: What a class of errors says where a test names the class alone.
_FACTS = {error: (status, executed) for status, (executed, error) in reversed(list(wire.STATUSES.items()))}


@dataclass(frozen=True, slots=True)
class FakeCall:
    """One call of a ``FakeFunction``.

    :ivar event: as a function would have got it, which is decoded from its JSON text
    :ivar way: ``invoke`` (native calls too), ``spawn`` or ``map``
    :ivar options: the options of the call, such as ``qualifier``
    """

    event: Any
    way: str = "invoke"
    options: dict[str, Any] = field(default_factory=dict)


class FakeFunction(Function):
    """Stands in for ``scf.Function``: called, invoked, spawned and mapped like one, and remembers its calls.

    ::

        order = FakeFunction("order", answers=[{"id": 1}, FunctionTimeout, {"id": 2}])
        assert order(item="tea").json() == {"id": 1}
        assert order.calls == [FakeCall({"item": "tea"})]

    Arguments are checked and the event becomes JSON text as for a real call, so that what the API would refuse is
    refused here by the same error. What comes of a call is given by one of the four; by default it is None.

    :param name: of the function, as ``function.name``
    :param returns: what it returns, anything that JSON can carry
    :param raises: what each call raises, an error or its class
    :param answers: what the calls return or raise, one after the other; errors and their classes are raised
    :param handler: is called with the event; what it returns or raises is what the call does
    :raises TypeError: if more than one is given, or JSON cannot carry what it returns
    """

    __slots__ = ("_answer", "calls")

    #: The calls so far, the oldest first.
    calls: list[FakeCall]

    def __init__(
        self,
        name: str = "fake",
        *,
        returns: Any = _UNSET,
        raises: Failure | None = None,
        answers: Iterable[Any] | None = None,
        handler: Callable[[Any], Any] | None = None,
    ) -> None:
        given = [returns is not _UNSET, raises is not None, answers is not None, handler is not None]
        if sum(given) > 1:
            raise TypeError("FakeFunction takes one of returns, raises, answers and handler")
        self.name = name
        self._options = {}
        self.calls = []
        self._answer: Callable[[Any], Any]
        if handler is not None:
            self._answer = handler
        elif answers is not None:
            self._answer = self._take_turns(iter(answers))
        else:
            outcome = raises if raises is not None else None if returns is _UNSET else returns
            if raises is None:
                _encode(outcome, "returns")
            self._answer = lambda _: outcome

    def __call__(self, *args: Any, **keywords: Any) -> InvokeResult:
        """Call it. The event is ``data=``, one positional argument, or else the keywords, as for a real function.

        :raises Exception: what the fake is to raise, or what a real call with these arguments would
        """
        options = self._merge(args, keywords)
        return self._run("invoke", options.pop("data"), **options)

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
        return FakeInvocation(self.name, f"fake-{len(self.calls)}", outcome)

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

    def _run(self, way: str, data: Any, **options: Any) -> InvokeResult:
        """One call, from its arguments to what comes of it."""
        kind = options.get("invocation_type") or (wire.EVENT if way == "spawn" else wire.SYNC)
        call = Call(
            self.name,
            data,
            namespace=options.get("namespace") or wire.DEFAULT_NAMESPACE,
            log_type=options.get("log_type") or "None",
            qualifier=options.get("qualifier") or wire.DEFAULT_QUALIFIER,
            invocation_type=kind,
        )
        _builder.build_body(call, wire.INVOKE if kind == wire.EVENT else wire.INVOKE_FUNCTION)
        event = None if call.event is None else json.loads(call.event)
        self.calls.append(FakeCall(event, way, options))
        request_id = f"fake-{len(self.calls)}"
        outcome = self._answer(event)
        if isinstance(outcome, Exception) or (isinstance(outcome, type) and issubclass(outcome, Exception)):
            raise _make_error(outcome, request_id)
        is_silent = way != "spawn" and kind == wire.EVENT
        return InvokeResult("" if is_silent else _encode(outcome, "what it returns"), request_id, request_id)

    def _take_turns(self, answers: Iterator[Any]) -> Callable[[Any], Any]:
        def take(event: Any) -> Any:
            outcome = next(answers, _UNSET)
            if outcome is _UNSET:
                count = len(self.calls)
                raise AssertionError(f"{self!r} was called {count} times, but was given {count - 1} answers: {event!r}")
            return outcome

        return take

    def __repr__(self) -> str:
        return f"<FakeFunction {self.name}, {len(self.calls)} calls>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a FakeFunction stays where it is: it remembers its calls")


class FakeInvocation(Invocation):
    """What ``FakeFunction.spawn`` gives: an invocation that has ended.

    :ivar was_cancelled: has the code under test called ``cancel``?
    """

    __slots__ = ("was_cancelled",)

    was_cancelled: bool

    def __init__(self, name: str, request_id: str, outcome: InvokeResult | Exception) -> None:
        super().__init__(None, Watched(name, wire.DEFAULT_NAMESPACE, wire.DEFAULT_REGION, request_id))
        self._outcome = outcome
        self.was_cancelled = False

    def status(self) -> InvocationStatus:
        """How it has ended."""
        return InvocationStatus.FAILED if isinstance(self._outcome, Exception) else InvocationStatus.FINISHED

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


def _encode(value: Any, name: str) -> str:
    """The JSON text of a return value, as the platform makes it."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise (explain_unencodable(value, name) or error) from None


def _make_error(failure: Failure, request_id: str) -> Exception:
    """The error to raise, made of its class if need be, with what is true of that class."""
    if isinstance(failure, Exception):
        return failure
    if not issubclass(failure, TencentServerlessSDKException):
        return failure()
    status, executed = _FACTS.get(failure, (None, Verdict.MAYBE))
    message = f"raised by a FakeFunction as {failure.__name__}"
    return failure(-1, message, request_id, status_code=status, executed=executed)
