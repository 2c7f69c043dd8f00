"""Function URLs of a configuration file, with the names and defaults that the deploy tool gives them.

Sources: cloud.tencent.com/document/product/1154/43228 (the keys), and src/modules/triggers/http.ts of
tencent-component-toolkit (names, defaults, lists as texts with commas, always open). A key may also be written as the
API writes it, such as ``NetConfig``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tencentserverless.local.project.keys import URL_CORS_KEYS, URL_KEYS, URL_NET_KEYS
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.yaml_nodes import Node
from tencentserverless.local.registry.function_version import DEFAULT_ALIAS
from tencentserverless.local.registry.timer_triggers import NAME, TRIGGERS_PER_TYPE
from tencentserverless.local.registry.url_triggers import (
    AUTH_TYPES,
    CORS_TEXT_RULE,
    HTTP,
    MAX_AGE_SECONDS,
    MAX_CORS_VALUES,
    NO_AUTH,
    Cors,
    UrlTrigger,
    is_cors_text,
)

DEFAULT_NAME = "url-trigger"
_NOWHERE = (
    "has no netConfig with a true: the URL {name} is served nowhere, as the tool deploys it; enableExtranet: true "
    "opens it"
)


@dataclass(frozen=True, slots=True)
class UrlSource:
    """The parts of a URL, wherever its file has them.

    :param node: the whole URL, for lines about it
    :param values: its keys in the words of the component scf
    """

    node: Node
    values: Mapping[str, Node]
    default_name: str = DEFAULT_NAME


def is_url(kind: str) -> bool:
    """True for the type of an event that is a URL, in the spellings of all files."""
    return kind.lower() == HTTP


def read_url(node: Node, parameters: Node | None, default_name: str = DEFAULT_NAME) -> UrlSource:
    """Read the parts of a URL.

    :param node: the whole URL; it may have the name
    :param parameters: None if the file gives none
    :raises StartupError: if they have another form
    """
    values = _as_written_there(parameters, URL_KEYS, "a URL's parameters") if parameters is not None else {}
    outer = _lowered(node.present())
    if "name" in outer and "name" not in values:
        values["name"] = outer["name"]
    return UrlSource(parameters or node, values, default_name)


def make_urls(sources: Iterable[UrlSource], report: Report, now: float) -> tuple[UrlTrigger, ...]:
    """Make the URLs of a function; what is wrong with one goes into the report.

    :param now: UNIX seconds
    """
    urls: dict[str, UrlTrigger] = {}

    def add(source: UrlSource) -> None:
        url = _make(source, now)
        if url.name in urls:
            raise source.node.refusal(f"is a second URL of the name {url.name!r}; give it a name of its own")
        if any(each.qualifier == url.qualifier for each in urls.values()):
            raise source.node.refusal(f"is a second URL of {url.qualifier}; each version or alias has one")
        if len(urls) >= TRIGGERS_PER_TYPE:
            raise source.node.refusal(f"is one URL too many: there can be {TRIGGERS_PER_TYPE}")
        urls[url.name] = url

    for source in sources:
        report.attempt(None, add, source)
    return tuple(urls.values())


def _make(source: UrlSource, now: float) -> UrlTrigger:
    values = source.values
    name = values["name"].text() if "name" in values else source.default_name
    if not NAME.match(name):
        raise source.node.refusal(f"has a name that is not 1 to 100 letters, digits, '-' or '_': {name!r}")
    net = _as_written_there(values["netConfig"], URL_NET_KEYS, "netConfig") if "netConfig" in values else {}
    inside, outside = (_switch(net, key) for key in ("enableIntranet", "enableExtranet"))
    if not inside and not outside:
        source.node.notice(_NOWHERE, name=name)
    return UrlTrigger(
        name,
        values["qualifier"].text() if "qualifier" in values else DEFAULT_ALIAS,
        auth_type=_auth_type(values.get("authType")),
        has_intranet=bool(inside),
        has_extranet=bool(outside),
        cors=_read_cors(values["corsConfig"]) if "corsConfig" in values else None,
        is_apigw=_switch(values, "apiGwCompatible"),
        is_simple=_switch(values, "enableSimpleMode"),
        created_at=now,
        changed_at=now,
    )


def _auth_type(node: Node | None) -> str:
    if node is None:
        return NO_AUTH
    text = node.text()
    if text not in AUTH_TYPES:
        raise node.refusal(f"must be one of {', '.join(AUTH_TYPES)}, not {text!r}")
    return text


def _read_cors(node: Node) -> Cors:
    values = _as_written_there(node, URL_CORS_KEYS, "corsConfig")
    is_enabled = _switch(values, "enable")
    if is_enabled is None:
        raise node.refusal("has no 'enable'; it is true or false")
    origins = _texts(values.get("origins"))
    if is_enabled and not origins:
        raise node.refusal("has no 'origins', such as https://example.com")
    return Cors(
        is_enabled,
        origins,
        _texts(values.get("headers")),
        tuple(each.upper() for each in _texts(values.get("methods"))),
        _texts(values.get("exposeHeaders")),
        _max_age(values.get("maxAge")),
        _switch(values, "credentials"),
    )


def _texts(node: Node | None) -> tuple[str, ...]:
    """Return a list, or a text with commas."""
    if node is None:
        return ()
    found = [item.text() for item in node.items()] if node.is_list() else node.text().split(",")
    texts = tuple(stripped for each in found if (stripped := each.strip()))
    if len(texts) > MAX_CORS_VALUES:
        raise node.refusal(f"can have {MAX_CORS_VALUES} at most, not {len(texts)}")
    for each in texts:
        if not is_cors_text(each):
            raise node.refusal(f"has {each[:64]!r}, which is no {CORS_TEXT_RULE}")
    return texts


def _max_age(node: Node | None) -> int | None:
    if node is None:
        return None
    seconds = node.integer()
    if seconds not in MAX_AGE_SECONDS:
        raise node.refusal(f"must be 0 to {MAX_AGE_SECONDS[-1]} seconds, not {seconds}")
    return seconds


def _switch(values: Mapping[str, Node], key: str) -> bool | None:
    """Return a switch, which the tool passes on as it is: a text is refused by the API."""
    node = values.get(key)
    if node is None:
        return None
    value = node.scalar()
    if not isinstance(value, bool):
        raise node.refusal(f"must be true or false, not {value!r}")
    return value


def _as_written_there(node: Node, known: Iterable[str], kind: str) -> dict[str, Node]:
    """Return the values of a mapping by the keys of the component scf; unknown ones get a notice."""
    names = tuple(known)
    node.note_unknown((*names, *(_upper(name) for name in names)), kind)
    return _lowered(node.present())


def _lowered(values: Mapping[str, Node]) -> dict[str, Node]:
    return {key[:1].lower() + key[1:]: value for key, value in values.items()}


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]
