"""A local SCF whose functions come and go, and Tencent's own typed client to manage them."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models
from tencentcloud.scf.v20180416.scf_client import ScfClient

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import LocalScf, Starter

ECHO = "def main_handler(event, context):\n    return event\n"
TELL = """
import os
def main_handler(event, context):
    print("told", event)
    return {"answer": %r, "version": context["function_version"], "env": os.environ.get("WHO"),
            "seen": os.environ["SCF_FUNCTIONVERSION"], "memory": context["memory_limit_in_mb"]}
"""
FAIL = "def main_handler(event, context):\n    raise ValueError('on purpose')\n"


def zipped(files: "dict[str, str] | str") -> str:
    """A zip file in base64."""
    names = {"index.py": files} if isinstance(files, str) else files
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    return base64.b64encode(buffer.getvalue()).decode()


def layer_fields(name: str, files: "dict[str, str] | str" = ECHO) -> dict[str, Any]:
    """The parameters of PublishLayerVersion."""
    return {"LayerName": name, "CompatibleRuntimes": [OWN_RUNTIME], "Content": {"ZipFile": zipped(files)}}


#: Signature and method of the official clients' requests.
FORMS = [(signed, sent) for signed in ("TC3-HMAC-SHA256", "HmacSHA256", "HmacSHA1") for sent in ("POST", "GET")]


class Judge:
    """The official client: ``judge("GetFunction", FunctionName="x")`` is the typed answer.

    :param form: how it signs and sends, one of FORMS
    """

    def __init__(self, server: LocalScf, region: str, form: tuple[str, str] = ("TC3-HMAC-SHA256", "POST")) -> None:
        self.region = region
        algorithm, method = form
        keys = Credential(server.env["TENCENTCLOUD_SECRETID"], server.env["TENCENTCLOUD_SECRETKEY"])
        address = f"{server.host}:{server.port}"
        http = HttpProfile(protocol="http", endpoint=address, reqMethod=method, keepAlive=True)
        self._client = ScfClient(keys, region, ClientProfile(signMethod=algorithm, httpProfile=http))

    def __call__(self, action: str, **parameters: Any) -> Any:
        request = getattr(models, f"{action}Request")()
        request._deserialize(parameters)
        return getattr(self._client, action)(request)

    def create(self, name: str, code: str = ECHO, **parameters: Any) -> None:
        fields = {"Runtime": OWN_RUNTIME, "Handler": "index.main_handler", **parameters}
        self("CreateFunction", FunctionName=name, Code={"ZipFile": zipped(code)}, **fields)

    def publish_layer(self, name: str, files: "dict[str, str] | str" = ECHO) -> int:
        """The number of a new version of a layer."""
        number: int = self("PublishLayerVersion", **layer_fields(name, files)).LayerVersion
        return number

    def run(self, name: str, event: Any = None, **parameters: Any) -> Any:
        """What a function returns, from its JSON text."""
        result = self("InvokeFunction", FunctionName=name, Event=json.dumps(event), **parameters).Result
        return json.loads(result.RetMsg)

    @contextmanager
    def refused(self, code: str) -> Iterator[None]:
        with pytest.raises(TencentCloudSDKException) as caught:
            yield
        assert caught.value.get_code() == code, caught.value

    def close(self) -> None:
        self._client.request.conn._session.close()


@contextmanager
def managed_server(factory: pytest.TempPathFactory) -> "Iterator[LocalScf]":
    """A server that found one function, ``found``."""
    folder = factory.mktemp("managed")
    (folder / "functions" / "found").mkdir(parents=True)
    (folder / "functions" / "found" / "index.py").write_text(TELL % "folder")
    with ExitStack() as stack:
        yield Starter(folder, stack)(folder / "functions")
