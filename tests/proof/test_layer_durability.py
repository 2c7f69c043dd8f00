"""Layers that were acknowledged are there after a kill -9 at any moment, whole, and no number is given twice.

``SOAK_KILLS`` says how often the server is killed.
"""

import contextlib
import http.client
import os
import random
import signal
import threading
from dataclasses import dataclass, field

from tests.conftest import wait_until
from tests.local.layering import configure, create, look, named, start_with_layers, zipped
from tests.local.worker.isolating import OWN_RUNTIME

KILLS = int(os.environ.get("SOAK_KILLS", "2"))
SEED = 7


@dataclass
class Expected:
    """What a caller was told of its layer and of the function that has it.

    :ivar versions: by number, the word that a version holds
    :ivar gone: versions whose deletion was asked for, and may have happened
    :ivar bound: the versions of which the function may have one
    :ivar last: the highest number that was given; one more may have been
    """

    versions: dict[int, str] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    bound: set[int] = field(default_factory=set)
    last: int = 0
    changes: int = 0


class Caller(threading.Thread):
    """Publishes, binds and deletes versions of one layer, until the server is gone."""

    def __init__(self, server, name, rng, expected):
        super().__init__()
        self.server, self.name, self.rng, self.expected = server, name, rng, expected

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                self.change()
                self.expected.changes += 1

    def change(self):
        expected, live = self.expected, sorted(set(self.expected.versions) - self.expected.gone)
        if len(live) < 3:
            self.publish()
        elif self.rng.random() < 0.4:
            self.bind(self.rng.choice(live))
        else:
            number = self.rng.choice(live)
            expected.gone.add(number)
            deleted = {"LayerName": self.name, "LayerVersion": number}
            assert set(self.server.request("DeleteLayerVersion", deleted).response) == {"RequestId"}

    def publish(self):
        word = f"word-{self.rng.randrange(10**9)}"
        content = {"ZipFile": zipped({"words.py": f"VALUE = {word!r}\n", f"{word}.txt": ""})}
        fields = {"LayerName": self.name, "CompatibleRuntimes": [OWN_RUNTIME], "Content": content}
        number = self.server.request("PublishLayerVersion", fields).response["LayerVersion"]
        assert number > self.expected.last
        self.expected.versions[number], self.expected.last = word, number

    def bind(self, number):
        is_new = not self.expected.bound
        self.expected.bound.add(number)
        (create if is_new else configure)(
            self.server, f"user-{self.name}", *([(self.name, number)] if is_new else [named((self.name, number))])
        )
        self.expected.bound = {number}


def check(server, name, expected):
    """Hold what the server has of a layer against what it may have."""
    found = server.request("ListLayerVersions", {"LayerName": name}).response.get("LayerVersions", [])
    numbers = {each["LayerVersion"] for each in found}
    assert set(expected.versions) - expected.gone <= numbers, (name, expected, numbers)
    assert {number for number in numbers if number > expected.last} <= {expected.last + 1}
    for number in numbers - set(expected.versions):
        expected.versions[number], expected.last = "", number  # it was not answered: its word is not known
    expected.gone = set(expected.versions) - numbers
    shown = server.request("GetFunction", {"FunctionName": f"user-{name}"}).response
    if "Error" in shown:
        assert len(expected.bound) < 2, expected
        expected.bound = set()
        return
    (layer,) = shown["Layers"]
    assert layer["LayerVersion"] in expected.bound
    expected.bound = {layer["LayerVersion"]}
    word = expected.versions[layer["LayerVersion"]]
    assert word in ("", look(server, f"user-{name}", ("words",))["values"]["words"])


def test_layers_survive_a_kill_at_any_moment(start_local_scf, tmp_path):
    rng, expected = random.Random(SEED), {f"layer{number}": Expected() for number in range(3)}
    start = (start_local_scf, tmp_path / "functions", "--state", tmp_path / "state")
    for _ in range(KILLS):
        server = start_with_layers(*start)
        for name, each in expected.items():
            check(server, name, each)
        callers = [Caller(server, name, random.Random(rng.random()), each) for name, each in expected.items()]
        for caller in callers:
            caller.start()
        before = {name: each.changes for name, each in expected.items()}
        wait_until(lambda before=before: all(each.changes > before[name] + 3 for name, each in expected.items()))
        threading.Event().wait(rng.uniform(0.02, 0.5))
        server.stop(signal.SIGKILL)
        for caller in callers:
            caller.join()
    server = start_with_layers(*start)
    for name, each in expected.items():
        check(server, name, each)
    folders = [each.name for each in (tmp_path / "state" / "packages").iterdir()]
    assert not [name for name in folders if len(name) != 64]  # neither drafts nor what was thrown away
    live = sum(len(each.versions) - len(each.gone) + len(each.bound) for each in expected.values())
    assert len(folders) <= live + 1  # of each version, of deleted ones that functions have, and of the functions' code
    assert server.stop() == 0
