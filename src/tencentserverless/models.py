"""Values that can be pickled: results, verdicts, and the facts of errors.

All of them are frozen and print without secrets. This module imports no other module of this project.
"""

import json
from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Attempt", "CallInfo", "Credentials", "FunctionUrl", "InvocationStatus", "InvokeResult", "Verdict"]


class Verdict(Enum):
    """The answer to: did the function run? Every error of this SDK has one as ``executed``.

    Compare by identity (``error.executed is Verdict.NO``): the three answers are not two, so ``bool()`` is refused.
    """

    NO = "no"  #: proven: the function has not run and will not run for this call
    MAYBE = "maybe"  #: not known here
    YES = "yes"  #: the function's own code was running, or had run

    def __bool__(self) -> bool:
        raise TypeError("a Verdict has three values; ask `is Verdict.NO`, `is Verdict.MAYBE` or `is Verdict.YES`")


class InvocationStatus(Enum):
    """The status of an asynchronous invocation."""

    UNKNOWN = "unknown"  #: the service has no record of it: it waits in the queue, or its record has expired
    RUNNING = "running"  #: it runs, or waits for a free instance
    FINISHED = "finished"  #: the function returned
    FAILED = "failed"  #: the function failed; the platform may run it again, as the function's RetryNum says
    ABORTED = "aborted"  #: it was terminated

    @property
    def has_ended(self) -> bool:
        """True if there is a result or an error."""
        return self not in (InvocationStatus.UNKNOWN, InvocationStatus.RUNNING)


class Credentials:
    """A key pair with an optional session token. Its repr shows none of them in full.

    :param secret_id: SecretId of an API key, or TmpSecretId of a temporary one
    :param secret_key: the SecretKey that belongs to it
    :param token: session token of temporary keys; ``""`` for permanent ones
    """

    __slots__ = ("secret_id", "secret_key", "token")

    secret_id: str
    secret_key: str
    token: str

    def __init__(self, secret_id: str, secret_key: str, token: str = "") -> None:
        object.__setattr__(self, "secret_id", secret_id)
        object.__setattr__(self, "secret_key", secret_key)
        object.__setattr__(self, "token", token)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Credentials are frozen; make new ones")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Credentials):
            return NotImplemented
        return (self.secret_id, self.secret_key, self.token) == (other.secret_id, other.secret_key, other.token)

    def __hash__(self) -> int:
        return hash((self.secret_id, self.secret_key, self.token))

    def __reduce__(self) -> "tuple[type[Credentials], tuple[str, str, str]]":
        return Credentials, (self.secret_id, self.secret_key, self.token)

    def __repr__(self) -> str:
        kind = "temporary" if self.token else "permanent"
        return "<Credentials {}... {}>".format(self.secret_id[:4], kind)


class Attempt:
    """One try of a call: an error's ``attempts`` lists them in order, and ``on_attempt`` gets each as it ends.

    :ivar number: 1 for the first
    :ivar action: the API's action, as ``InvokeFunction``, ``Invoke`` or, for an invocation, ``GetRequestStatus``
    :ivar endpoint: ``host:port`` of the API
    :ivar outcome: the error code of a failed try, ``ok``, or ``interrupted``
    :ivar executed: the verdict: did this try run the function?
    :ivar duration_ms: its duration, in milliseconds
    :ivar phases_ms: the milliseconds of each phase that was reached, in order: ``resolve``, ``connect``, ``tunnel``,
        ``tls`` for a new connection, then ``send`` and ``wait``; on a kept connection the first four are absent
    """

    __slots__ = ("action", "duration_ms", "endpoint", "executed", "number", "outcome", "phases_ms")

    number: int
    action: str
    endpoint: str
    outcome: str
    executed: Verdict
    duration_ms: float
    phases_ms: "dict[str, float]"

    def __init__(
        self,
        number: int,
        action: str,
        endpoint: str,
        outcome: str,
        executed: Verdict,
        *,
        duration_ms: float = 0.0,
        phases_ms: "dict[str, float] | None" = None,
    ) -> None:
        for name, value in (
            ("number", number),
            ("action", action),
            ("endpoint", endpoint),
            ("outcome", outcome),
            ("executed", executed),
            ("duration_ms", duration_ms),
            ("phases_ms", phases_ms or {}),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("an Attempt is frozen")

    def __reduce__(self) -> "tuple[object, ...]":
        facts = {name: getattr(self, name) for name in self.__slots__}
        return _rebuild_attempt, (facts,)

    def __repr__(self) -> str:
        phases = ", ".join("{} {:.1f}".format(name, value) for name, value in self.phases_ms.items())
        return "<Attempt {} {} {}: {}, executed={}, {:.1f} ms ({})>".format(
            self.number, self.action, self.endpoint, self.outcome, self.executed.name, self.duration_ms, phases
        )


class CallInfo:
    """The call that an ``Attempt`` belongs to, for ``on_attempt``.

    :ivar function_name: the function's name
    :ivar namespace: its namespace
    :ivar qualifier: version or alias; ``""`` for a query about an invocation
    :ivar region: the region of the call
    :ivar request_id: RequestId of the API call, ``""`` where no answer came
    :ivar function_request_id: id of the execution, ``""`` where the answer had none
    """

    __slots__ = ("function_name", "function_request_id", "namespace", "qualifier", "region", "request_id")

    function_name: str
    namespace: str
    qualifier: str
    region: str
    request_id: str
    function_request_id: str

    def __init__(
        self,
        function_name: str,
        namespace: str,
        qualifier: str,
        region: str,
        request_id: str = "",
        function_request_id: str = "",
    ) -> None:
        for name, value in (
            ("function_name", function_name),
            ("namespace", namespace),
            ("qualifier", qualifier),
            ("region", region),
            ("request_id", request_id),
            ("function_request_id", function_request_id),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("CallInfo are frozen")

    def __reduce__(self) -> "tuple[object, ...]":
        ids = (self.request_id, self.function_request_id)
        return CallInfo, (self.function_name, self.namespace, self.qualifier, self.region, *ids)

    def __repr__(self) -> str:
        return "<CallInfo {} in {}, request {}>".format(self.function_name, self.region, self.request_id or "-")


def _rebuild_attempt(facts: "dict[str, Any]") -> Attempt:
    """Make an attempt again, for pickle and copy."""
    return Attempt(**facts)


class InvokeResult(str):
    """The result of a call: the text of RetMsg, exactly as 0.1.7 returned it, with the facts of the execution.

    It is a ``str``, so ``print(result)`` shows the function's JSON text (``"Hello World"`` with its quotes). For
    serialisers that refuse subclasses of ``str``, ``str(result)`` gives a plain one.
    """

    __slots__ = ("_facts", "_headers", "_position")

    _headers: "dict[bytes, bytes]"
    _facts: "tuple[str, str, float, int, int, str]"
    _position: int

    def __new__(
        cls,
        text: str = "",
        request_id: str = "",
        function_request_id: str = "",
        duration_ms: float = 0.0,
        billed_duration_ms: int = 0,
        *,
        memory_bytes: int = 0,
        log: str = "",
    ) -> "InvokeResult":
        """Make a result, as the SDK does; your tests may do it too."""
        self = str.__new__(cls, text)
        self._facts = (request_id, function_request_id, duration_ms, billed_duration_ms, memory_bytes, log)
        return self

    def json(self) -> "Any":
        """Decode the function's return value. Raises ``ValueError`` where there is none (an ``Event`` call)."""
        if not self:
            raise ValueError("there is no return value to decode: the call was asynchronous or returned nothing")
        return json.loads(self)

    @property
    def request_id(self) -> str:
        """RequestId of the API call, the one that Tencent's support asks for."""
        return self._facts[0]

    @property
    def function_request_id(self) -> str:
        """Id of the execution: ``context["request_id"]`` in the function, and the id in its logs."""
        return self._facts[1]

    @property
    def duration_ms(self) -> float:
        """Duration of the function's run, in milliseconds."""
        return self._facts[2]

    @property
    def billed_duration_ms(self) -> int:
        """Duration that Tencent bills, in milliseconds."""
        return self._facts[3]

    @property
    def memory_bytes(self) -> int:
        """Memory that the instance used, in bytes."""
        return self._facts[4]

    @property
    def log(self) -> str:
        """Last 4 KB of the function's log, where the call asked for it with ``log_type="Tail"``; else empty."""
        return self._facts[5]

    @property
    def headers(self) -> "dict[str, str]":
        """Headers of the API's answer, by lower-case name; repeated ones are joined. Empty where there was none."""
        return decode_headers(getattr(self, "_headers", {}))

    @property
    def position(self) -> "int | None":
        """Position of its input in a ``map``, from 0; None for other calls."""
        return getattr(self, "_position", None)

    def __reduce__(self) -> "tuple[object, ...]":
        slots = {name: getattr(self, name) for name in ("_headers", "_position") if hasattr(self, name)}
        return rebuild_result, (str(self), self._facts), (None, slots)


def decode_headers(headers: "dict[bytes, bytes]") -> "dict[str, str]":
    """Decode the headers of an answer."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}


def rebuild_result(text: str, facts: "tuple[str, str, float, int, int, str]") -> InvokeResult:
    """Make a result from its facts, in the order of its parameters: for the hot path, pickle and copy."""
    result = str.__new__(InvokeResult, text)
    result._facts = facts  # noqa: SLF001  # as __new__ does
    return result


def place_result(text: str, facts: "tuple[str, str, float, int, int, str]", position: int) -> InvokeResult:
    """Make a result with a position from its facts, for a ``map``."""
    result = rebuild_result(text, facts)
    result._position = position  # noqa: SLF001  # as __new__ would
    return result


class FunctionUrl(str):
    """The URL of a function, as ``client.url`` finds it: a text without a slash at its end, with its facts."""

    __slots__ = ("_facts",)

    _facts: "tuple[str, str, str]"

    def __new__(cls, text: str, function_name: str = "", qualifier: str = "", auth_type: str = "NONE") -> "FunctionUrl":
        """Make a URL, as the SDK does; your tests may do it too."""
        self = str.__new__(cls, text.rstrip("/"))
        self._facts = (function_name, qualifier, auth_type)
        return self

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._facts[0]

    @property
    def qualifier(self) -> str:
        """The version or alias that a request to it calls."""
        return self._facts[1]

    @property
    def auth_type(self) -> str:
        """``CAM`` if requests must be signed, as ``tencentserverless.auth`` does it; else ``NONE``."""
        return self._facts[2]

    def __reduce__(self) -> "tuple[object, ...]":
        return type(self), (str(self), *self._facts)
