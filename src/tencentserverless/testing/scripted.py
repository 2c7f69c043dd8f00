"""The common part of the synchronous and the asynchronous fakes: the outcomes of calls, and a record of the calls."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tencentserverless._base.arguments import LANGUAGES, check_count, check_flag, check_seconds
from tencentserverless._base.client import AGENT
from tencentserverless._base.function import BaseFunction
from tencentserverless._base.invocation import BaseInvocation
from tencentserverless._core import wire
from tencentserverless._core.invocation_records import InvocationRef
from tencentserverless._core.request import Call, RequestBuilder, explain_unencodable
from tencentserverless.exception import TencentServerlessSDKException
from tencentserverless.models import InvocationStatus, InvokeResult, Verdict, place_result

Failure = Exception | type[Exception]

_UNSET: Any = object()
_builder = RequestBuilder("fake", LANGUAGES[0], AGENT)  # knows the arguments that the API would refuse
#: Code and message of an error where a test names its class alone.
_FACTS = {error: (status, executed) for status, (executed, error) in reversed(list(wire.STATUSES.items()))}


@dataclass(frozen=True, slots=True)
class FakeCall:
    """One call of a ``FakeFunction``.

    :ivar event: the event as a function would get it, decoded from its JSON text
    :ivar way: ``invoke`` (native calls too), ``spawn`` or ``map``
    :ivar options: the options of the call, such as ``qualifier``
    """

    event: Any
    way: str = "invoke"
    options: dict[str, Any] = field(default_factory=dict)


class Scripted(BaseFunction):
    """A function whose outcomes are given. Arguments are checked and events encoded as for a real call.

    :param name: of the function, as ``function.name``
    :param returns: the return value, anything that JSON can carry
    :param raises: the error of each call, or its class
    :param answers: the outcomes of the calls, one after the other; errors and their classes are raised
    :param handler: is called with the event; its return value or error is the outcome of the call
    :raises TypeError: if more than one is given, or JSON cannot carry what it returns
    """

    __slots__ = ("_answer", "calls")

    #: The calls so far, the oldest first.
    calls: list[FakeCall]

    def __eq__(self, other: object) -> bool:
        """A fake has no client: it equals itself alone."""
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __init__(
        self,
        name: str = "fake",
        *,
        returns: Any = _UNSET,
        raises: Failure | None = None,
        answers: Iterable[Any] | None = None,
        handler: Callable[[Any], Any] | None = None,
        **unknown: NoReturn,
    ) -> None:
        for word in unknown:
            raise TypeError(f"{type(self).__name__} takes returns, raises, answers or handler, not {word!r}")
        given = [returns is not _UNSET, raises is not None, answers is not None, handler is not None]
        if sum(given) > 1:
            raise TypeError(f"{type(self).__name__} takes one of returns, raises, answers and handler")
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

    def _note(self, way: str, data: Any, options: dict[str, Any]) -> Any:
        """Record a call, and return the event that the function gets.

        :raises TypeError, ValueError: what a real call with these arguments would
        """
        kind = wire.EVENT if way == "spawn" else options.get("invocation_type") or wire.SYNC
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
        return event

    def _conclude(self, outcome: Any, request_id: str, options: dict[str, Any]) -> InvokeResult:
        """The outcome of a call: the return value, or the error that it raises."""
        if isinstance(outcome, Exception) or (isinstance(outcome, type) and issubclass(outcome, Exception)):
            raise _make_error(outcome, request_id)
        is_silent = options.get("invocation_type") == wire.EVENT
        return InvokeResult("" if is_silent else _encode(outcome, "what it returns"), request_id, request_id)

    def _last_id(self) -> str:
        """The request id of the latest call."""
        return f"fake-{len(self.calls)}"

    def _take_turns(self, answers: Iterator[Any]) -> Callable[[Any], Any]:
        def take(event: Any) -> Any:
            outcome = next(answers, _UNSET)
            if outcome is _UNSET:
                count = len(self.calls)
                raise AssertionError(f"{self!r} was called {count} times, but was given {count - 1} answers: {event!r}")
            return outcome

        return take

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}, {len(self.calls)} calls>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} stays where it is: it remembers its calls")


class Ended(BaseInvocation):
    """An invocation that has ended when it is made: its outcome is known from the beginning.

    :ivar was_cancelled: True if the code under test has called ``cancel``
    """

    __slots__ = ("was_cancelled",)

    was_cancelled: bool

    def __init__(self, name: str, request_id: str, outcome: InvokeResult | Exception) -> None:
        ref = InvocationRef(name, wire.DEFAULT_NAMESPACE, wire.DEFAULT_REGION, request_id)
        super().__init__(None, ref)  # type: ignore[arg-type]  # no client is needed
        self._outcome = outcome
        self.was_cancelled = False

    def _note_cancel(self, grace: bool) -> None:
        """Record a cancellation.

        :raises TypeError: what a real ``cancel`` with this argument would
        """
        check_flag("grace", grace)
        self.was_cancelled = True

    def _find_status(self) -> InvocationStatus:
        return InvocationStatus.FAILED if isinstance(self._outcome, Exception) else InvocationStatus.FINISHED


def _encode(value: Any, name: str) -> str:
    """The JSON text of a return value, as the platform makes it."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise (explain_unencodable(value, name) or error) from None


def _make_error(failure: Failure, request_id: str) -> Exception:
    """The error to raise: the given one, or one of the given class, with the code and the message of that class."""
    if isinstance(failure, Exception):
        return failure
    if not issubclass(failure, TencentServerlessSDKException):
        return failure()
    status, executed = _FACTS.get(failure, (None, Verdict.MAYBE))
    message = f"raised by a fake as {failure.__name__}"
    return failure(-1, message, request_id, status_code=status, executed=executed)


def check_limits(
    concurrency: int | None, ordered: bool, return_exceptions: bool, journal: Any, grace: float
) -> tuple[int, bool]:
    """Check the arguments of a fake's ``map``; the values are the concurrency, and True if errors are returned.

    :raises NotImplementedError: for a journal
    :raises TypeError, ValueError: an argument cannot be used
    """
    if journal is not None:
        raise NotImplementedError("a fake's map keeps no journal; test that with the fixture scf_local")
    width = 32 if concurrency is None else check_count("concurrency", concurrency)
    check_flag("ordered", ordered)
    check_seconds("grace", grace, may_be_zero=True)
    return width, check_flag("return_exceptions", return_exceptions)


class InTurn:
    """The calls of a fake's ``map``, one after the other, each when its outcome is asked for.

    :param call: makes one call
    :param inputs: what remains of the iterable
    """

    def __init__(self, call: Callable[[Any], Any], inputs: Any, width: int, catches: bool) -> None:
        self._call = call
        self._inputs = inputs
        self._width = width
        self._catches = catches
        self._pulled = 0
        self._is_closed = False

    def _take(self) -> int:
        """Take an input; the value is its position."""
        self._pulled += 1
        return self._pulled - 1

    def _place(self, result: InvokeResult, position: int) -> InvokeResult:
        facts = (result.request_id, result.function_request_id, 0.0, 0, 0, "")
        return place_result(str(result), facts, position)

    def _mark(self, error: Exception, position: int) -> InvokeResult:
        """Raise an error, or return it if ``return_exceptions`` is true. An assertion of the test is always raised."""
        if isinstance(error, AssertionError):
            raise error
        error.position = position  # type: ignore[attr-defined]  # as the real one marks errors of any kind
        if self._catches:
            return error  # type: ignore[return-value]  # as return_exceptions asks
        raise error

    @property
    def pulled(self) -> int:
        """The number of inputs that were taken so far."""
        return self._pulled

    @property
    def in_flight(self) -> int:
        """Zero: a call ends before the next begins."""
        return 0

    @property
    def concurrency(self) -> int:
        """The concurrency that the caller asked for."""
        return self._width

    @property
    def throttled(self) -> int:
        """Zero: a fake throttles no call."""
        return 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {self._pulled} pulled>"
