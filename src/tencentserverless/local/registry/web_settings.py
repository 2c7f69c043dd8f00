"""The settings of a web function that say how its requests share instances, and how its connections end.

Sources: the descriptions of InstanceConcurrencyConfig, SessionConfig and WSParams in the API's data structures
(cloud.tencent.com/document/api/583/17244). No page of the platform says what a session is in detail; what is inferred
stands in docs/understand/local-web-functions.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tencentserverless.local.registry.function_version import WEB, FunctionRecord

MAX_REQUESTS = 100  # requests of an instance at once
DEFAULT_IDLE_SECONDS = 15  # WSParams.IdleTimeOut
SESSION_SOURCES = ("HEADER", "COOKIE", "QUERY_STRING")
_SESSION_SECONDS = 1800  # ours where the setting is left out: the API's example


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """A session is the requests with one value of a header, a cookie or a parameter: one instance gets them all.

    :param source: one of ``SESSION_SOURCES``
    :param name: of the header, the cookie or the parameter
    :param per_instance: sessions of an instance at once; 0 for no bound
    :param ttl_seconds: from its first request, after which the session is over
    :param idle_seconds: without a request, after which it is over
    :param path: the beginning of the paths of its requests, ``""`` for all
    """

    source: str
    name: str
    per_instance: int = 0
    ttl_seconds: float = _SESSION_SECONDS
    idle_seconds: float = _SESSION_SECONDS
    path: str = ""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The settings of one web function.

    :param requests_per_instance: that an instance takes at once
    :param is_websocket: its connections may become WebSocket ones
    :param websocket_idle_seconds: that such a connection may be silent
    """

    requests_per_instance: int = 1
    session: SessionSettings | None = None
    is_websocket: bool = False
    websocket_idle_seconds: float = DEFAULT_IDLE_SECONDS


def read_web_settings(record: FunctionRecord) -> WebSettings:
    """Read the settings of a version. What is no such setting counts as left out; an event function has none."""
    if record.type != WEB:
        return WebSettings()
    concurrency = _mapping(record.options.get("InstanceConcurrencyConfig"))
    params = _mapping(_mapping(record.options.get("ProtocolParams")).get("WSParams"))
    return WebSettings(
        requests_per_instance=_requests(concurrency),
        session=_session(_mapping(concurrency.get("SessionConfig"))),
        is_websocket=record.options.get("ProtocolType") == "WS",
        websocket_idle_seconds=_number(params, "IdleTimeOut", DEFAULT_IDLE_SECONDS),
    )


def _requests(concurrency: Mapping[str, object]) -> int:
    """Dynamic concurrency is decided by the platform from the load; here an instance takes what it may at most."""
    is_dynamic = str(concurrency.get("DynamicEnabled", "")).upper() == "TRUE"
    if concurrency.get("DynamicEnabled") == "":  # switches the setting off
        return 1
    return max(1, min(MAX_REQUESTS, _number(concurrency, "MaxConcurrency", MAX_REQUESTS if is_dynamic else 1)))


def _session(given: Mapping[str, object]) -> SessionSettings | None:
    source, name = given.get("SessionSource"), given.get("SessionName")
    if source not in SESSION_SOURCES or not isinstance(name, str) or not name:
        return None
    return SessionSettings(
        source=str(source),
        name=name,
        per_instance=_number(given, "MaximumConcurrencySessionPerInstance", 0),
        ttl_seconds=_number(given, "MaximumTTLInSeconds", _SESSION_SECONDS),
        idle_seconds=_number(given, "MaximumIdleTimeInSeconds", _SESSION_SECONDS),
        path=str(given.get("SessionPath") or ""),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _number(given: Mapping[str, object], name: str, default: int) -> int:
    value = given.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default
