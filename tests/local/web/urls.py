"""A server with functions behind URLs, and requests to them, written by hand."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tencentserverless._core import signing
from tests.conftest import LocalScf

ECHO = "def main_handler(event, context):\n    return event\n"
#: Returns what the body of the request says.
SAY = "import json\ndef main_handler(event, context):\n    return json.loads(event['body'])\n"
FAIL = "def main_handler(event, context):\n    raise ValueError('on purpose')\n"
SLOW = "import time\ndef main_handler(event, context):\n    time.sleep(30)\n"
OPEN = {"AuthType": "NONE", "NetConfig": {"EnableIntranet": True, "EnableExtranet": True}}
CORS = {
    "Enable": True,
    "Origins": ["https://shop.example"],
    "Headers": ["x-one", "x-two"],
    "Methods": ["PUT"],
    "ExposeHeaders": ["x-seen"],
    "MaxAge": 10,
    "Credentials": True,
}
#: Functions by name: their code, and the TriggerDesc of their URL.
FUNCTIONS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "echo": (ECHO, OPEN),
    "say": (SAY, OPEN),
    "fail": (FAIL, OPEN),
    "slow": (SLOW, OPEN),
    "full": (ECHO, {**OPEN, "ApiGwCompatible": True}),
    "fullsay": (SAY, {**OPEN, "ApiGwCompatible": True}),
    "shop": (SAY, {**OPEN, "CorsConfig": CORS}),
    "everyone": (ECHO, {**OPEN, "CorsConfig": {"Enable": True, "Origins": ["*"], "Headers": ["*"]}}),
    "signed": (ECHO, {**OPEN, "AuthType": "CAM"}),
    "inner": (ECHO, {"AuthType": "NONE", "NetConfig": {"EnableIntranet": True, "EnableExtranet": False}}),
    "outer": (ECHO, {"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}),
}
JSON = "application/json"


class Got(NamedTuple):
    """An answer.

    :param headers: in their order, names as they were sent
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """The values of a header."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The words of a refusal, which says its status too."""
        assert self.json["statusCode"] == self.status
        return str(self.json["errorMessage"])


def put_url(server: LocalScf, name: str, description: dict[str, Any] = OPEN, **fields: Any) -> dict[str, Any]:
    """NetConfig of a new URL of a function."""
    fields = {"TriggerName": "url", "Qualifier": "$DEFAULT", **fields}
    asked = {"FunctionName": name, "Type": "http", "TriggerDesc": json.dumps(description), **fields}
    response = server.request("CreateTrigger", asked).response
    assert "Error" not in response, response
    net: dict[str, Any] = json.loads(response["TriggerInfo"]["TriggerDesc"])["NetConfig"]
    return net


def net_of(server: LocalScf, name: str, **fields: Any) -> dict[str, Any]:
    """NetConfig of the only URL of a function."""
    response = server.request("ListTriggers", {"FunctionName": name, **fields}).response
    (found,) = [each for each in response["Triggers"] if each["Type"] == "http"]
    net: dict[str, Any] = json.loads(found["TriggerDesc"])["NetConfig"]
    return net


def ask(
    url: str,
    method: str = "GET",
    body: "bytes | str | None" = None,
    headers: "Mapping[str, str] | list[tuple[str, str]]" = {},  # noqa: B006  # it is only read
    *,
    port: int = 0,
) -> Got:
    """Send a request to a URL; the name of its host is not looked up."""
    with Caller(url, port) as caller:
        return caller(method, body, headers)


class Caller:
    """A connection to the host of a URL, kept between calls."""

    def __init__(self, url: str, port: int = 0) -> None:
        parts = urlsplit(url)
        self.host: str = parts.netloc
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection = http.client.HTTPConnection("127.0.0.1", port or parts.port or 0, timeout=60)

    def __call__(
        self,
        method: str = "GET",
        body: "bytes | str | None" = None,
        headers: "Mapping[str, str] | list[tuple[str, str]]" = {},  # noqa: B006
        target: str = "",
    ) -> Got:
        pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
        data = body.encode() if isinstance(body, str) else body
        connection = self._connection
        connection.putrequest(method, target or self._target, skip_host=True, skip_accept_encoding=True)
        given = {name.lower() for name, _ in pairs}
        for name, value in pairs if "host" in given else [("Host", self.host), *pairs]:
            connection.putheader(name, value)
        if data is not None and "content-length" not in given:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        return Got(answer.status, answer.reason, answer.getheaders(), answer.read())

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def sign(
    server: LocalScf,
    url: str,
    method: str = "POST",
    body: bytes = b"",
    *,
    content_type: str = JSON,
    place: tuple[str, str] = ("/", ""),
    names: tuple[str, ...] = ("content-type", "host", "x-scf-cam-uin"),
    moment: "int | None" = None,
    lowers: bool = True,
    **changes: str,
) -> dict[str, str]:
    """The headers of a request with a CAM signature.

    :param place: the path and the query that are signed
    :param changes: other values of what is signed with: ``secret_id``, ``secret_key``, ``host``, ``uin``, ``service``,
        ``date``
    """
    host = changes.get("host", urlsplit(url).netloc)
    now = int(time.time()) if moment is None else moment
    uin = changes.get("uin", "100000000001")
    values = {"content-type": content_type, "host": host, "x-scf-cam-uin": uin, "x-extra": "Some"}
    shown = {name: value.lower() if lowers else value for name, value in values.items()}
    lines = "".join(f"{name}:{shown[name]}\n" for name in names)
    digest = signing.sha256(body).hexdigest()
    canonical = "\n".join((method, *place, lines, ";".join(names), digest))
    secret_id = changes.get("secret_id", server.env["TENCENTCLOUD_SECRETID"])
    secret_key = changes.get("secret_key", server.env["TENCENTCLOUD_SECRETKEY"])
    date, service = changes.get("date", signing.utc_date(now)), changes.get("service", "scf")
    scope = signing.Authorization(secret_id, date, service, names, "")
    made = signing.signature(secret_key, scope, str(now), canonical)
    return {
        "Content-Type": content_type,
        "X-Scf-Cam-Uin": uin,
        "X-Scf-Cam-Timestamp": str(now),
        "Authorization": f"{signing.ALGORITHM} Credential={secret_id}/{date}/{service}/tc3_request, "
        f"SignedHeaders={';'.join(names)}, Signature={made}",
    }
