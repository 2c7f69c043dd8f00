"""Checks of arguments for both clients: spans of time, counts, choices, hooks, and the event of a native call."""

from functools import partial

from tencentserverless._core import wire
from tencentserverless._core.request import encode_headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, Callable, Iterable, Iterator, Mapping, NoReturn, Protocol, TypedDict

    from tencentserverless.models import Attempt, CallInfo

    #: A function that gets each attempt.
    Hook = Callable[[Attempt, CallInfo], object]
    #: Keyword arguments of ``client.invoke``, or of ``Call``.
    Options = dict[str, Any]

    class Tracer(Protocol):
        """A tracer of OpenTelemetry."""

        def start_span(self, name: str, *_: object, **options: object) -> Any:
            """Start a span."""

    class MapOptions(TypedDict, total=False):
        """Options of every call of a map."""

        namespace: "str | None"
        qualifier: "str | None"
        log_type: "str | None"
        region: "str | None"
        routing_key: "str | dict[str, str] | None"
        timeout: "float | None"
        idempotent: bool
        on_attempt: "Hook | None"
        max_attempts: "int | None"
        headers: "Mapping[str, str] | None"

    class CallOptions(MapOptions, total=False):
        """Options of every call made with a handle on a function."""

        invocation_type: "str | None"

    class ChangeableOptions(TypedDict, total=False):
        """Settings of a client that ``with_options`` changes."""

        region: "str | None"
        timeout: "float | None"
        max_attempts: int
        user_agent: "str | None"
        headers: "Mapping[str, str] | None"
        language: str
        api: "str | None"
        on_attempt: "Hook | None"
        tracer: "Tracer | None"
        trace_key: "str | None"


MAX_SECONDS = 7 * 24 * 3600
LANGUAGES = ("zh-CN", "en-US")
#: The official SDK takes no other characters, and no more, for its RequestClient.
_AGENT_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_,;./ ")
_MAX_AGENT_CHARACTERS = 128

#: Flags of code that a call does not run at once: generators and coroutines, of every kind.
_RUNS_LATER = 0x20 | 0x80 | 0x100 | 0x200


def read_event(name: str, args: "tuple[object, ...]", keywords: "dict[str, object]") -> object:
    """Read the event of a native call: ``data=``, one positional argument, or the keywords; one of the three."""
    if len(args) > 1:
        raise TypeError("{}() takes one event, but {} positional arguments were given".format(name, len(args)))
    has_data = "data" in keywords
    if (args and keywords) or (has_data and len(keywords) > 1):
        _refuse_both(name, keywords)
    if args:
        return args[0]
    if has_data:
        return keywords["data"]
    return keywords or None


def _refuse_both(name: str, keywords: "dict[str, object]") -> "NoReturn":
    extra = ", ".join(sorted(key for key in keywords if key != "data")) or "data"
    raise TypeError(
        "{}() got an event and the keywords {} as well. Put everything into the event; options such as region or "
        "timeout go to client.function({!r}, ...)".format(name, extra, name)
    )


def check_seconds(name: str, value: object, *, may_be_zero: bool = False) -> float:
    """Check a time span in seconds.

    :raises TypeError: if it is no number
    :raises ValueError: if it is not above zero, or longer than a week: the system's waits take no longer ones
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("{} must be a number of seconds, not {!r}".format(name, value))
    if not 0 <= value <= MAX_SECONDS or (value == 0 and not may_be_zero):  # NaN compares with nothing
        least = "0 or more" if may_be_zero else "above 0"
        raise ValueError("{} must be {} and at most {} seconds, not {!r}".format(name, least, MAX_SECONDS, value))
    return float(value)


def check_hook(value: object) -> "Hook | None":
    """Check a hook for attempts: a function, or None.

    :raises TypeError: for anything else, and for a function that a call does not run, such as an ``async def``
    """
    if value is None:
        return value
    if not callable(value):
        raise TypeError("on_attempt must be a function of an Attempt and a CallInfo, not {!r}".format(value))
    code = find_code(value)
    if code is not None and code.co_flags & _RUNS_LATER:
        raise TypeError(
            "on_attempt must be a plain function: a coroutine or a generator would not be awaited: {!r}".format(value)
        )
    return value


def find_code(function: object) -> "CodeType | None":
    """Find the code that a call runs: of a function, a method, a partial, or an object's ``__call__``.

    None for a function that is not written in Python, and for an object that cannot be called.
    """
    while isinstance(function, partial):
        function = function.func
    if not hasattr(function, "__code__") and callable(function):
        function = type(function).__call__
    code: "CodeType | None" = getattr(function, "__code__", None)
    return code


def iterate_inputs(iterable: "Iterable[object]") -> "Iterator[object]":
    """Make the iterator of a map's inputs.

    :raises TypeError: for one event in place of many: the keys of a dict or the letters of a text are no events
    """
    if isinstance(iterable, (dict, str, bytes, bytearray)):
        raise TypeError(
            "the inputs must be an iterable of events, not one {}: put the event into a list".format(
                type(iterable).__name__
            )
        )
    return iter(iterable)


def check_count(name: str, value: object) -> int:
    """Check a whole number, at least 1.

    :raises TypeError, ValueError: for anything else
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("{} must be a whole number, not {!r}".format(name, value))
    if value < 1:
        raise ValueError("{} must be at least 1, not {!r}".format(name, value))
    return value


def check_width(concurrency: object, max_connections: int, default: int) -> int:
    """Check the number of calls that may be under way at once.

    :param concurrency: the caller's argument, None for the default
    :raises TypeError, ValueError: if it is no count, or above the client's connections
    """
    if concurrency is None:
        return min(default, max_connections)
    width = check_count("concurrency", concurrency)
    if width > max_connections:
        raise ValueError(
            "concurrency is {}, but the client has max_connections={}; raise that or lower this".format(
                width, max_connections
            )
        )
    return width


def check_name(name: str, value: object) -> str:
    """Check a text that names something.

    :raises TypeError, ValueError: for anything else, and for an empty one
    """
    if not isinstance(value, str):
        raise TypeError("{} must be a str, not {!r}".format(name, value))
    if not value.strip():
        raise ValueError("{} is empty".format(name))
    return value


def check_flag(name: str, value: object) -> bool:
    """Check a flag: True or False.

    :raises TypeError: for anything else
    """
    if not isinstance(value, bool):
        raise TypeError("{} must be True or False, not {!r}".format(name, value))
    return value


def check_text(name: str, value: object, allowed: "frozenset[str]", most: int) -> None:
    """Check a text of some characters.

    :param most: characters that it may have
    :raises TypeError, ValueError: for anything else
    """
    if not isinstance(value, str):
        raise TypeError("{} must be a text, not {!r}".format(name, value))
    if not value.strip() or len(value) > most or not allowed.issuperset(value):
        others = "".join(sorted(character for character in allowed if not character.isalnum()))
        words = "{} must be 1 to {} letters, digits and characters of {!r}, not {!r}"
        raise ValueError(words.format(name, most, others, value[: most + 1]))


def check_choice(name: str, value: object, allowed: "tuple[object, ...]") -> None:
    """Check a choice of a few values.

    :raises ValueError: for anything else
    """
    if value not in allowed:
        raise ValueError("{} must be one of {}, not {!r}".format(name, ", ".join(map(repr, allowed)), value))


def check_settings(options: "Options") -> None:
    """Check the settings that a client can have, and that ``with_options`` can change.

    :raises TypeError, ValueError: for a value that cannot be used; the message names it
    """
    if options["timeout"] is not None:
        check_seconds("timeout", options["timeout"])
    check_count("max_attempts", options["max_attempts"])
    check_choice("api", options["api"], (None, *wire.PAYLOAD_FIELDS))
    check_choice("language", options["language"], LANGUAGES)
    check_hook(options["on_attempt"])
    if options["user_agent"] is not None:
        check_text("user_agent", options["user_agent"], _AGENT_CHARACTERS, _MAX_AGENT_CHARACTERS)
    encode_headers(options["headers"] or {})
    if options["tracer"] is not None and not callable(getattr(options["tracer"], "start_span", None)):
        raise TypeError("tracer must be a tracer of OpenTelemetry, not {!r}".format(options["tracer"]))
    if options["trace_key"] is not None and not isinstance(options["trace_key"], str):
        raise TypeError("trace_key must be a text, not {!r}".format(options["trace_key"]))
