"""What the tests of layers share: zip files, requests, and a function that tells what it finds of its layers."""

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import LocalScf
from tests.local.worker.isolating import write_function

#: Imports what the event names and tells what it sees; it runs on 2.7 too.
LOOK = """
import os, sys

def main_handler(event, context):
    event = event or {}
    found = {"pid": os.getpid(), "path": sys.path, "variable": os.environ["PYTHONPATH"].split(":")}
    found["values"] = dict((name, __import__(name).VALUE) for name in event.get("modules", []))
    folder = event.get("folder")
    if folder:
        found["names"] = sorted(os.listdir(folder))
    if event.get("writes"):
        try:
            open(os.path.join(event["writes"], "left.txt"), "w").close()
        except EnvironmentError as error:
            found["error"] = error.errno
    return found
"""


def zipped(files: dict[str, str]) -> str:
    """Return a zip file in base64, the same for the same files; what ends in .sh can be executed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(member, text)
    return base64.b64encode(buffer.getvalue()).decode()


def start_with_layers(start_local_scf: Any, folder: Path, *options: object) -> LocalScf:
    """Start a server with one function of a folder, which the tests do not use."""
    if not folder.exists():
        write_function(folder / "found", "def main_handler(event, context):\n    return event\n")
    return start_local_scf(folder, *options)


def publish(server: LocalScf, name: str, files: dict[str, str], **parameters: Any) -> int:
    """Publish a version of a layer, and return its number."""
    fields = {"CompatibleRuntimes": [OWN_RUNTIME], "Content": {"ZipFile": zipped(files)}, **parameters}
    answer = server.request("PublishLayerVersion", {"LayerName": name, **fields}).response
    assert set(answer) == {"LayerVersion", "RequestId"}, answer
    number = answer["LayerVersion"]
    assert isinstance(number, int)
    return number


def named(*layers: tuple[str, int]) -> list[dict[str, object]]:
    """Return the parameter Layers."""
    return [{"LayerName": name, "LayerVersion": number} for name, number in layers]


def create(server: LocalScf, name: str, *layers: tuple[str, int], code: str = LOOK, runtime: str = OWN_RUNTIME) -> None:
    """Create a function with layers."""
    files = {"Code": {"ZipFile": zipped({"index.py": code})}, "Runtime": runtime}
    answer = server.request("CreateFunction", {"FunctionName": name, **files, "Layers": named(*layers)}).response
    assert set(answer) == {"RequestId"}, answer


def configure(server: LocalScf, name: str, layers: list[dict[str, object]]) -> None:
    """Give a function other layers."""
    answer = server.request("UpdateFunctionConfiguration", {"FunctionName": name, "Layers": layers}).response
    assert set(answer) == {"RequestId"}, answer


def look(
    server: LocalScf, name: str, modules: tuple[str, ...] = (), folder: str = "", writes: str = "", **parameters: Any
) -> Any:
    """Return what a function finds.

    :param folder: which it lists
    :param writes: a folder in which it tries to write
    """
    result = server.invoke(name, {"modules": list(modules), "folder": folder, "writes": writes}, **parameters)
    assert result["ErrMsg"] == "", result
    return json.loads(result["RetMsg"])


def layers_of(server: LocalScf, name: str, qualifier: str = "$LATEST") -> list[tuple[str, int, str]]:
    """Return name, version and status of a function's layers, as GetFunction shows them."""
    shown = server.request("GetFunction", {"FunctionName": name, "Qualifier": qualifier}).response["Layers"]
    return [(each["LayerName"], each["LayerVersion"], each["Status"]) for each in shown]
