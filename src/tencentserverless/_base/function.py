"""The base of handles on functions, synchronous and asynchronous: checked options, and the event of a native call."""

from tencentserverless._base.arguments import check_count, check_flag, check_hook, check_seconds, read_event
from tencentserverless._core.request import encode_headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._base.arguments import Options

#: Keywords of a native call that are options, as in 0.1.7; every other keyword belongs to the event.
CALL_OPTIONS = ("namespace", "qualifier", "log_type", "invocation_type")


class BaseFunction:
    """A remote function as a Python callable.

    :param client: makes the calls
    :param options: keyword arguments of ``client.invoke`` for every call
    """

    __slots__ = ("_client", "_options", "name")

    name: str

    def __init__(self, client: "Any", name: str, options: "Options") -> None:
        _check_options(options)
        self._client = client
        self._options = options
        self.name = name

    @property
    def __name__(self) -> str:
        """The function's name: decorators, task queues and tracers ask for it."""
        return self.name

    def __eq__(self, other: object) -> bool:
        """Two handles are equal if they call the same function of the same client with equal options."""
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, BaseFunction)
        return (self._client, self.name, self._options) == (other._client, other.name, other._options)

    def __hash__(self) -> int:
        return hash((self._client, self.name))

    def __repr__(self) -> str:
        return "<{} {} of {!r}>".format(type(self).__name__, self.name, self._client)

    def __reduce__(self) -> "tuple[object, ...]":
        return type(self), (self._client, self.name, self._options)

    def _spawn_options(self) -> "Options":
        """Select the options that ``client.spawn`` takes."""
        return {name: value for name, value in self._options.items() if name not in ("log_type", "invocation_type")}

    def _merge(self, args: "tuple[object, ...]", keywords: "dict[str, object]") -> "Options":
        """Make the arguments of ``client.invoke`` for a native call."""
        if "data" in keywords and len(keywords) == 1 and not args:  # the form in Tencent's guide
            return dict(self._options, **keywords) if self._options else keywords
        options = dict(self._options)
        for option in CALL_OPTIONS:
            if option in keywords:
                options[option] = keywords.pop(option)
        options["data"] = read_event(self.name, args, keywords)
        return options


def _check_options(options: "Options") -> None:
    """Refuse options that no call can have. Names and keys are checked where the request is built.

    :raises TypeError, ValueError: for an unknown option, and for a value that cannot be used
    """
    for name, value in options.items():
        if name not in _FUNCTION_OPTIONS:
            raise TypeError("unknown option {!r}; allowed are {}".format(name, ", ".join(_FUNCTION_OPTIONS)))
        if name == "idempotent":
            check_flag(name, value)
        elif name == "timeout" and value is not None:
            check_seconds(name, value)
        elif name == "on_attempt":
            check_hook(value)
        elif name == "max_attempts" and value is not None:
            check_count(name, value)
        elif name == "headers" and value is not None:
            encode_headers(value)


_FUNCTION_OPTIONS = (
    *CALL_OPTIONS,
    "region",
    "routing_key",
    "timeout",
    "idempotent",
    "on_attempt",
    "max_attempts",
    "headers",
)
