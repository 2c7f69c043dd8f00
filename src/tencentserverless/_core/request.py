"""Builds the HTTP request of a call: the body's fields, the event's JSON text, the head with its signature.

The parts that many calls share (a head up to the time, a body up to the event) are built once and kept, bounded.
"""

from json import JSONEncoder
from json.encoder import encode_basestring

from tencentserverless._core import wire
from tencentserverless._core.bodies import TOKEN
from tencentserverless._core.signing import Signer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Mapping

    from tencentserverless.models import Credentials

_KEPT = 512  # prefixes of each kind; a full table is cleared
_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Call:
    """The arguments of one call. ``event`` is the JSON text of ``data``, None to send no payload."""

    __slots__ = (
        "data",
        "deadline",
        "event",
        "function_name",
        "headers",
        "invocation_type",
        "is_idempotent",
        "log_type",
        "namespace",
        "qualifier",
        "region",
        "routing_key",
    )

    def __init__(
        self,
        function_name: str,
        data: object = None,
        *,
        namespace: str = wire.DEFAULT_NAMESPACE,
        log_type: str = "None",
        qualifier: str = wire.DEFAULT_QUALIFIER,
        invocation_type: str = wire.SYNC,
        region: str = wire.DEFAULT_REGION,
        routing_key: "str | dict[str, str] | None" = None,
        deadline: float = 0.0,
        is_idempotent: bool = False,
    ) -> None:
        self.function_name = function_name
        self.namespace = namespace
        self.log_type = log_type
        self.qualifier = qualifier
        self.invocation_type = invocation_type
        self.data = data
        self.event = encode_event(data)
        self.region = region
        if routing_key is not None and not isinstance(routing_key, str):
            routing_key = _encode_routing_key(routing_key)
        self.routing_key = routing_key
        self.deadline = deadline
        self.is_idempotent = is_idempotent
        self.headers = b""  # header lines of the caller's own


class Query:
    """An action that runs no function: a query about an invocation, its termination, or management."""

    __slots__ = ("action", "body", "deadline", "function_name", "is_idempotent", "namespace", "region")

    invocation_type = qualifier = ""
    headers = b""

    def __init__(
        self,
        action: str,
        fields: "dict[str, object]",
        function_name: str,
        namespace: str,
        *,
        region: str,
        deadline: float,
        is_idempotent: bool = True,
    ) -> None:
        self.is_idempotent = is_idempotent
        self.action = action
        self.body = _encode(fields).encode("utf-8")
        self.function_name = function_name
        self.namespace = namespace
        self.region = region
        self.deadline = deadline


def _encode_routing_key(routing_key: object) -> "str | None":
    if not isinstance(routing_key, dict):
        raise TypeError("routing_key must be a dict of texts or its JSON text, not {!r}".format(routing_key))
    return encode_event(routing_key, "routing_key")


def _check_call(call: Call) -> None:
    """Refuse arguments that the API would refuse, before any byte is sent. Runs once for each set of names.

    :raises TypeError: for a name that is no text
    :raises ValueError: for a value that the API does not take; the message names it and the allowed ones
    """
    for field in ("function_name", "namespace", "qualifier"):
        value = getattr(call, field)
        if not isinstance(value, str):
            hint = "; the event is given as data=" if field == "namespace" and isinstance(value, (dict, list)) else ""
            raise TypeError("{} must be a str, not {!r}{}".format(field, value, hint))
        if not value.strip():
            raise ValueError("{} is empty; give the name as it stands in the console".format(field))
    if call.log_type not in wire.LOG_TYPES:
        raise ValueError("log_type must be one of {}, not {!r}".format(wire.LOG_TYPES, call.log_type))
    if call.invocation_type not in wire.INVOCATION_TYPES:
        raise ValueError(
            "invocation_type must be one of {}, not {!r}".format(wire.INVOCATION_TYPES, call.invocation_type)
        )
    if call.routing_key is not None and len(call.routing_key.encode("utf-8")) > wire.MAX_ROUTING_KEY_BYTES:
        raise ValueError("routing_key is longer than {} bytes".format(wire.MAX_ROUTING_KEY_BYTES))


def encode_event(data: object, name: str = "data") -> "str | None":
    """Write the data as JSON text, None for None. The text is compact, and non-ASCII characters stay.

    :param name: the caller's name for the data
    :raises TypeError: if JSON has no form for something in it; the message names the path, as ``data['a'][3]``
    :raises ValueError: for NaN, infinities, lone surrogates and circles, likewise
    """
    if data is None:
        return None
    try:
        return _encode(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise (explain_unencodable(data, name) or error) from None


def explain_unencodable(data: object, name: str = "data") -> "Exception | None":
    """Make the error for the first value in the data that JSON cannot carry, None if there is none."""
    try:
        for error in _find_faults(data, name, ()):
            return error
    except RecursionError:
        return ValueError("{} is nested too deeply for JSON".format(name))
    return None


def _find_faults(value: object, path: str, parents: "tuple[int, ...]") -> "Iterator[Exception]":
    if value is None or isinstance(value, (bool, int)):
        return
    if isinstance(value, str):
        if not _is_unicode(value):
            yield ValueError("{} holds a lone surrogate, which UTF-8 cannot carry".format(path))
    elif isinstance(value, float):
        if not float("-inf") < value < float("inf"):  # NaN compares with nothing
            yield ValueError("{} is {!r}, which JSON cannot carry".format(path, value))
    elif id(value) in parents:
        yield ValueError("{} contains itself".format(path))
    elif isinstance(value, dict):
        yield from _find_dict_faults(value, path, parents + (id(value),))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _find_faults(item, "{}[{}]".format(path, index), parents + (id(value),))
    else:
        yield TypeError("{} is a {}, which JSON cannot carry".format(path, type(value).__name__))


def _find_dict_faults(value: "dict[object, object]", path: str, parents: "tuple[int, ...]") -> "Iterator[Exception]":
    for key, item in value.items():
        if not isinstance(key, (str, int, float, bool, type(None))):
            yield TypeError("{} has the key {!r}; JSON's keys are texts".format(path, key))
        yield from _find_faults(key, "{}'s key {!r}".format(path, key), parents)
        yield from _find_faults(item, "{}[{!r}]".format(path, key), parents)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class RequestBuilder:
    """Builds the requests to one host.

    :param host: as the Host header gives it, with the port if that is not the scheme's default
    :param language: of error messages, ``zh-CN`` or ``en-US``
    :param agent: the client's name, for Tencent's logs
    :param headers: header lines of the caller's own, of every request
    """

    def __init__(self, host: str, language: str, agent: str, headers: bytes = b"") -> None:
        self._host = host
        self._language = language
        self._agent = agent
        self._headers = headers
        self._signer = Signer(host, wire.SERVICE, wire.CONTENT_TYPE)
        self._heads: "dict[tuple[str, str, str], bytes]" = {}
        self._bodies: "dict[tuple[str | None, ...], str]" = {}

    def build_body(self, call: Call, action: str) -> bytes:
        """Build the request's body.

        :raises ValueError: if the event or the body is larger than the platform takes; the message names the limit
        """
        key = (
            action,
            call.function_name,
            call.namespace,
            call.qualifier,
            call.log_type,
            call.invocation_type,
            call.routing_key,
        )
        try:
            prefix = self._bodies.get(key) or self._keep_prefix(key, call, action)
        except TypeError:  # a name that cannot be a key of a dict
            _check_call(call)
            raise
        event = call.event
        text = prefix + "}" if event is None else prefix + "," + _PAYLOAD_KEYS[action] + encode_basestring(event) + "}"
        try:
            body = text.encode("utf-8")
        except UnicodeEncodeError:
            lone = ValueError("a name in the call holds a lone surrogate, which UTF-8 cannot carry")
            raise (explain_unencodable(call.data) or lone) from None
        if event is not None and len(body) > wire.MAX_ASYNC_EVENT_BYTES:
            _check_sizes(event, len(body), call.invocation_type)
        return body

    def build(
        self,
        body: bytes,
        action: str,
        region: str,
        credentials: "Credentials",
        timestamp: int,
        headers: bytes = b"",
    ) -> bytes:
        """Build the whole request, signed for this time (UNIX seconds).

        :param headers: header lines of the caller's own
        """
        key = (action, region, credentials.token)
        head = self._heads.get(key) or self._keep_head(key)
        if headers:
            head = _REQUEST_LINE + headers.replace(b"%", b"%%") + head[len(_REQUEST_LINE) :]
        return head % (timestamp, self._signer.sign(credentials, timestamp, body), len(body)) + body

    def _keep_prefix(self, key: "tuple[str | None, ...]", call: Call, action: str) -> str:
        _check_call(call)
        fields = {"FunctionName": call.function_name, "Namespace": call.namespace, "Qualifier": call.qualifier}
        if call.log_type != "None":
            fields["LogType"] = call.log_type
        if call.invocation_type != wire.SYNC:
            fields["InvocationType"] = call.invocation_type
        if call.routing_key is not None:
            fields["RoutingKey"] = call.routing_key
        if len(self._bodies) >= _KEPT:
            self._bodies.clear()
        prefix = self._bodies[key] = _encode(fields)[:-1]
        return prefix

    def _keep_head(self, key: "tuple[str, str, str]") -> bytes:
        action, region, token = key
        lines = [
            "Host: " + self._host,
            "Content-Type: " + wire.CONTENT_TYPE,
            "Accept-Encoding: identity",  # without this line, any coding would be fine (RFC 9110, 12.5.3)
            "User-Agent: " + self._agent,
            "X-TC-Action: " + action,
            "X-TC-Version: " + wire.VERSION,
            "X-TC-Region: " + region,
            "X-TC-Language: " + self._language,
            "X-TC-RequestClient: " + self._agent,
        ]
        if token:
            lines.append("X-TC-Token: " + token)
        text = "\r\n".join([*lines, ""]).encode("ascii") + self._headers
        if len(self._heads) >= _KEPT:
            self._heads.clear()
        kept = self._heads[key] = _REQUEST_LINE + text.replace(b"%", b"%%") + _LAST_LINES
        return kept


_REQUEST_LINE = b"POST / HTTP/1.1\r\n"
_LAST_LINES = b"X-TC-Timestamp: %d\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n"
_PAYLOAD_KEYS = {action: '"{}":'.format(field) for action, field in wire.PAYLOAD_FIELDS.items()}


def _check_sizes(event: str, body_bytes: int, invocation_type: str) -> None:
    is_async = invocation_type == wire.EVENT
    limit = wire.MAX_ASYNC_EVENT_BYTES if is_async else wire.MAX_EVENT_BYTES
    event_bytes = len(event.encode("utf-8"))
    if event_bytes > limit:
        raise ValueError(
            "data is {} bytes as JSON; {} calls carry at most {} bytes. Put the data into COS and send its key".format(
                event_bytes, "asynchronous" if is_async else "synchronous", limit
            )
        )
    if body_bytes > wire.MAX_BODY_BYTES:
        raise ValueError(
            "data makes a request of {} bytes, for the API escapes it once more; a request holds at most {}".format(
                body_bytes, wire.MAX_BODY_BYTES
            )
        )


def check_header_value(name: str, value: str) -> str:
    """Return the value if a header line can hold it.

    :raises ValueError: if it has a blank, a line break or a character outside ASCII; the value itself is not shown
    """
    if not all(33 <= ord(character) <= 126 for character in value):
        raise ValueError(
            "{} holds a blank, a line break or a character outside ASCII; give it without them".format(name)
        )
    return value


#: Headers of the SDK's own, and those that change how a message is framed or sent on. Names are lower-case.
_OWN_HEADERS = frozenset(
    (
        "host content-type content-length user-agent authorization x-tc-action x-tc-version x-tc-region x-tc-language "
        "x-tc-requestclient x-tc-token x-tc-timestamp transfer-encoding connection keep-alive te trailer upgrade "
        "expect accept-encoding proxy-authorization proxy-connection"
    ).split()
)
MAX_CALLER_HEADERS = 32
MAX_CALLER_HEADER_BYTES = 8192


def encode_headers(headers: "Mapping[str, str]") -> bytes:
    """Write the caller's own headers as header lines. They are not signed.

    :raises TypeError: if it is no mapping of texts
    :raises ValueError: for a header that the SDK writes itself, and for a name or value that no header line can hold;
        the message has the name and never the value
    """
    if not hasattr(headers, "items"):
        raise TypeError("headers must be a dict of texts, not {!r}".format(type(headers)))
    lines = []
    for name, value in headers.items():
        if not all(isinstance(text, str) for text in (name, value)):
            raise TypeError("headers must be a dict of texts; {!r} is no text or has none".format(name))
        if not name or not TOKEN.issuperset(name.encode("utf-8")):
            raise ValueError("headers has the name {!r}, which no header can have".format(name))
        if name.lower() in _OWN_HEADERS:
            raise ValueError("headers has {!r}, which the SDK writes itself".format(name))
        if value != value.strip() or not all(32 <= ord(character) <= 126 for character in value):
            words = "the header {!r} has a line break, a blank at its end or a character outside ASCII; encode it"
            raise ValueError(words.format(name))
        lines.append("{}: {}\r\n".format(name, value))
    text = "".join(lines).encode("ascii")
    if len(lines) > MAX_CALLER_HEADERS or len(text) > MAX_CALLER_HEADER_BYTES:
        words = "headers has {} headers of {} bytes; a call carries at most {} of {} bytes"
        raise ValueError(words.format(len(lines), len(text), MAX_CALLER_HEADERS, MAX_CALLER_HEADER_BYTES))
    return text
