"""Functions of a test, deployed to a local SCF through the API, as a deployment to the cloud would do it."""

import base64
import http.client
import io
import json
import socket
import stat
import urllib.parse
import zipfile
from collections.abc import Mapping
from typing import Any

from tencentserverless._base.runtime import wall
from tencentserverless._core import wire
from tencentserverless._core.http11 import parse_date
from tencentserverless._core.request import RequestBuilder
from tencentserverless.local import Local, LocalError
from tencentserverless.local.state_dir import REGION_VARIABLE
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tencentserverless.models import Credentials

_SECONDS = 60.0
_AGENT = "tencentserverless_testing"
_ENTRY_FILE = "index.py"
_URL, _URL_NAME = "http", "scf-local-url"
_OPEN_URL = {"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
_HANDLER = "index.main_handler"
_EXPIRED = "AuthFailure.SignatureExpire"


def create(local: Local, name: str, module: str, **settings: Any) -> None:
    """Create a function of one file.

    :param module: the text of its ``index.py``
    :param settings: further parameters of CreateFunction, as the API names them
    :raises LocalError: if the server refuses; the message is the server's
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(_ENTRY_FILE, module)
    code = {"ZipFile": base64.b64encode(archive.getvalue()).decode("ascii")}
    ask(local, "CreateFunction", FunctionName=name, Handler=_HANDLER, Runtime=OWN_RUNTIME, Code=code, **settings)


def create_web(local: Local, name: str, files: Mapping[str, tuple[str, int]], **settings: Any) -> None:
    """Create a web function with a URL.

    :param files: the text and the mode of each file
    :param settings: further parameters of CreateFunction, as the API names them
    :raises LocalError: if the server refuses; the message is the server's
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for path, (text, mode) in files.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = (stat.S_IFREG | mode) << 16
            file.writestr(member, text)
    code = {"ZipFile": base64.b64encode(archive.getvalue()).decode("ascii")}
    ask(local, "CreateFunction", FunctionName=name, Type="HTTP", Runtime=OWN_RUNTIME, Code=code, **settings)
    net = {"EnableIntranet": False, "EnableExtranet": True}
    ask(
        local,
        "CreateTrigger",
        FunctionName=name,
        TriggerName="url",
        Type="http",
        Qualifier="$DEFAULT",
        TriggerDesc=json.dumps({"AuthType": "NONE", "NetConfig": net}),
    )


def delete(local: Local, key: str) -> None:
    """Delete a function. Calls under way end.

    :param key: as the server's status has it: ``region/namespace/name``
    :raises LocalError: if the server refuses
    """
    region, namespace, name = key.split("/")
    ask(local, "DeleteFunction", region, FunctionName=name, Namespace=namespace)


def add_url(local: Local, name: str, qualifier: str | None) -> dict[str, str] | None:
    """Give a function a URL, for everybody, and return the fields that name its trigger.

    :param qualifier: version or alias; None for the platform's default
    :returns: None if there is no such function, or it has a URL for that already
    :raises LocalError: if the server refuses
    """
    if key_of(local, name) not in local.status()["functions"]:
        return None
    wanted = {} if qualifier is None else {"Qualifier": qualifier}
    for each in ask(local, "ListTriggers", FunctionName=name, Limit=100)["Triggers"]:
        if each["Type"] == _URL and (qualifier is None or each["Qualifier"] == qualifier):
            return None
    fields = {"FunctionName": name, "TriggerName": _URL_NAME, "Type": _URL, **wanted}
    ask(local, "CreateTrigger", TriggerDesc=json.dumps(_OPEN_URL), **fields)
    return fields


def remove_url(local: Local, trigger: dict[str, str]) -> None:
    """Remove a URL that ``add_url`` has added, if its function is still there.

    :raises LocalError: if the server refuses
    """
    if key_of(local, trigger["FunctionName"]) in local.status()["functions"]:
        ask(local, "DeleteTrigger", TriggerDesc=json.dumps(_OPEN_URL), **trigger)


def key_of(local: Local, name: str) -> str:
    """The key of a function where ``create`` puts it."""
    return f"{local.environment[REGION_VARIABLE]}/{wire.DEFAULT_NAMESPACE}/{name}"


def environment(variables: Mapping[str, str]) -> dict[str, Any]:
    """The API's structure ``Environment`` of some variables."""
    return {"Variables": [{"Key": key, "Value": value} for key, value in variables.items()]}


def ask(local: Local, action: str, region: str | None = None, /, **parameters: Any) -> dict[str, Any]:
    """Call an action of the API and return its answer.

    :param region: by default that of the server's functions
    :raises LocalError: if it refuses
    """
    region = region or local.environment[REGION_VARIABLE]
    found, date = _send(local, action, region, parameters, int(wall()))
    if date is not None and found.get("Error", {}).get("Code") == _EXPIRED:  # the test has another time than the server
        found, _ = _send(local, action, region, parameters, date)
    if "Error" in found:
        raise LocalError(f"{action}: {found['Error']['Message']} ({found['Error']['Code']})")
    return found


def _send(
    local: Local, action: str, region: str, parameters: dict[str, Any], timestamp: int
) -> tuple[dict[str, Any], int | None]:
    """Send a request, signed for a time. Returns the answer and the server's own time."""
    url = urllib.parse.urlsplit(local.url)
    assert url.hostname is not None
    credentials = Credentials(local.secret_id, local.secret_key)
    builder = RequestBuilder(url.netloc, "en-US", _AGENT)
    request = builder.build(json.dumps(parameters).encode(), action, region, credentials, timestamp)
    with socket.create_connection((url.hostname, url.port or 80), _SECONDS) as connection:
        connection.sendall(request)
        with http.client.HTTPResponse(connection) as answer:
            answer.begin()
            date = parse_date(answer.headers.get("Date", "").encode())
            return json.loads(answer.read())["Response"], date
