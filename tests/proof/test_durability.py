"""What was acknowledged is there after a kill -9 at any moment, once and whole; what was not may or may not be.

``SOAK_KILLS`` says how often the server is killed.
"""

import base64
import contextlib
import http.client
import io
import json
import os
import random
import signal
import threading
import zipfile
from dataclasses import dataclass, field

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import wait_until

KILLS = int(os.environ.get("SOAK_KILLS", "2"))
THREADS = 3
CODE = "def main_handler(event, context):\n    return %r\n"
SEED = 6


def zipped(word):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", CODE % word)
    return base64.b64encode(buffer.getvalue()).decode()


@dataclass
class Expected:
    """One function of a caller's: what was acknowledged of it, and what may have become of it since.

    :ivar words: what ``$LATEST`` may return; the empty text for no function at all
    :ivar versions: what was acknowledged, by number
    :ivar unsure: a publication was not answered
    """

    words: set[str] = field(default_factory=lambda: {""})
    versions: dict[str, str] = field(default_factory=dict)
    unsure: bool = False


class Caller(threading.Thread):
    """Changes functions of its own, one change after the other, until the server is gone."""

    def __init__(self, server, number, rng, expected):
        super().__init__()
        self.server, self.number, self.rng, self.expected = server, number, rng, expected

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                self.change(f"fn-{self.number}-{self.rng.randrange(3)}", f"word-{self.rng.randrange(10**9)}")

    def change(self, name, word):
        expected = self.expected.setdefault(name, Expected())
        if expected.words == {""}:
            parameters = {"FunctionName": name, "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped(word)}}
            self.ask("CreateFunction", parameters, expected, word)
        elif self.rng.random() < 0.2:
            self.ask("DeleteFunction", {"FunctionName": name}, expected, "")
            expected.versions = {}
        elif self.rng.random() < 0.5:
            self.ask("UpdateFunctionCode", {"FunctionName": name, "ZipFile": zipped(word)}, expected, word)
        else:
            self.publish(name, expected)

    def ask(self, action, parameters, expected, word):
        expected.words = expected.words | {word}
        if word == "":
            expected.unsure = True
        answer = self.server.request(action, parameters).response
        assert set(answer) == {"RequestId"}, answer
        expected.words, expected.unsure = {word}, False

    def publish(self, name, expected):
        expected.unsure = True
        answer = self.server.request("PublishVersion", {"FunctionName": name}).response
        (word,) = expected.words
        expected.versions[answer["FunctionVersion"]] = word
        expected.unsure = False


def look(server, name, expected):
    """What the server has of a function, held against what it may have."""
    found = server.request("GetFunction", {"FunctionName": name}).response
    if "Error" in found:
        assert found["Error"]["Code"] == "ResourceNotFound.Function"
        assert "" in expected.words, (name, expected)
        return Expected()
    word = json.loads(server.invoke(name)["RetMsg"])
    assert word in expected.words, (name, word, expected)
    listed = server.request("ListVersionByFunction", {"FunctionName": name, "Limit": 100}).response["FunctionVersion"]
    numbers = [each for each in listed if each != "$LATEST"]
    versions = {each: json.loads(server.invoke(name, Qualifier=each)["RetMsg"]) for each in numbers}
    for number, published in expected.versions.items():
        assert versions.get(number) == published, (name, number, versions)
    extra = set(versions) - set(expected.versions)
    assert len(extra) <= expected.unsure, (name, extra)
    assert len(numbers) == len(set(numbers))
    return Expected({word}, versions)


def test_what_was_acknowledged_survives_a_kill_at_any_moment(start_local_scf, tmp_path):
    (tmp_path / "functions" / "found").mkdir(parents=True)
    (tmp_path / "functions" / "found" / "index.py").write_text(CODE % "found")
    rng = random.Random(SEED)
    expected = {}
    server = None
    for _ in range(KILLS):
        server = start_local_scf(tmp_path / "functions", "--state", tmp_path / "state")
        for name in list(expected):
            expected[name] = look(server, name, expected[name])
        callers = [Caller(server, number, random.Random(rng.random()), expected) for number in range(THREADS)]
        for caller in callers:
            caller.start()
        wait_until(lambda: expected)
        threading.Event().wait(rng.uniform(0.02, 0.5))
        server.stop(signal.SIGKILL)
        for caller in callers:
            caller.join()
    server = start_local_scf(tmp_path / "functions", "--state", tmp_path / "state")
    for name in list(expected):
        expected[name] = look(server, name, expected[name])
    folders = {each.name for each in (tmp_path / "state" / "packages").iterdir()}
    assert not [name for name in folders if len(name) != 64]  # neither drafts nor what was thrown away
    words = {word for each in expected.values() for word in (*each.words, *each.versions.values()) if word}
    assert len(folders) <= len(words)
    assert server.invoke("found")["RetMsg"] == '"found"'
    assert server.stop() == 0
