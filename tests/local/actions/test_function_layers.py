"""The layers of a function on the real server: what it finds of them, with namespaces and, forced, without."""

import asyncio
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tencentserverless.local.actions.function_layers import check_size, settled_bytes, unpacked_bytes
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord, LayerRef, Package
from tencentserverless.local.registry.layer import Layer, LayerVersion
from tencentserverless.local.registry.layer_catalogue import LayerCatalogue
from tencentserverless.local.registry.package_contents import MAX_UNPACKED_BYTES, PackRules
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import HELD, wait_until
from tests.local.layering import (
    LOOK,
    configure,
    create,
    layers_of,
    look,
    named,
    publish,
    start_with_layers,
    zipped,
)
from tests.local.worker.isolating import WAYS, need_namespaces, present_runtimes, write_function


@pytest.fixture
def way(request):
    if request.param == "namespaces":
        need_namespaces()
    return request.param


both_ways = pytest.mark.parametrize("way", WAYS, indirect=True)


@both_ways
def test_five_layers_are_merged_in_their_order_on_each_python(start_local_scf, tmp_path, way):
    server = start_with_layers(start_local_scf, tmp_path / "functions", "--isolation", way)
    for number in range(1, 6):
        files = {f"own{number}.py": f"VALUE = {number}\n", "shared.py": f"VALUE = 'layer {number}'\n"}
        publish(server, f"layer{number}", {**files, "package/__init__.py": f"VALUE = {number * 10}\n"})
    layers = [(f"layer{number}", 1) for number in (5, 3, 1, 2, 4)]
    modules = ("own1", "own2", "own3", "own4", "own5", "shared", "package")
    for name, runtime in present_runtimes().items():
        create(server, name, *layers, runtime=runtime)
        values = look(server, name, modules)["values"]
        assert values == {**{f"own{n}": n for n in range(1, 6)}, "shared": "layer 4", "package": 40}


@both_ways
def test_opt_alone_is_on_the_path_behind_the_code(start_local_scf, tmp_path, way):
    server = start_with_layers(start_local_scf, tmp_path / "functions", "--isolation", way)
    publish(server, "tools", {"python/deep.py": "", "both.py": "VALUE = 'layer'", "tool.sh": "#!/bin/sh\n"})
    create(server, "user", ("tools", 1))
    found = look(server, "user")
    code, layers = found["variable"]
    assert found["path"][:2] == [code, layers]
    assert (layers == "/opt") == (way == "namespaces")
    assert f"{layers}/python" not in found["path"]
    assert look(server, "user", folder=layers)["names"] == ["both.py", "python", "tool.sh"]
    if way == "namespaces":
        assert look(server, "user", writes=layers)["error"] == 30
    server.request(
        "UpdateFunctionCode",
        {"FunctionName": "user", "ZipFile": zipped({"index.py": LOOK, "both.py": "VALUE = 'code'"})},
    )
    assert look(server, "user", ("both",))["values"] == {"both": "code"}


def test_a_custom_runtime_finds_its_layers_in_opt(start_local_scf, tmp_path):
    need_namespaces()
    folder = write_function(
        tmp_path / "functions" / "custom", "", "CustomRuntime", layers="[{name: tools, version: 1}]"
    )
    bootstrap = f"""#!{sys.executable}
import http.client, json, os, subprocess
connection = http.client.HTTPConnection(os.environ["SCF_RUNTIME_API"], int(os.environ["SCF_RUNTIME_API_PORT"]))
def call(method, what, body=None):
    connection.request(method, "/runtime/" + what, body)
    return connection.getresponse().read().decode()
call("POST", "init/ready", " ")
while True:
    call("GET", "invocation/next")
    said = subprocess.run(["/opt/tool.sh"], capture_output=True, text=True).stdout
    call("POST", "invocation/response", json.dumps([said, os.listdir("/opt")]))
"""
    (folder / "bootstrap").write_text(bootstrap)
    (folder / "bootstrap").chmod(0o755)
    server = start_local_scf(folder.parent, "--isolation", "namespaces")
    publish(server, "tools", {"tool.sh": "#!/bin/sh\necho from the layer\n"})
    assert server.invoke("custom")["RetMsg"] == '["from the layer\\n", ["tool.sh"]]'


@both_ways
def test_a_function_without_layers_has_this_machines_opt(start_local_scf, tmp_path, way):
    server = start_with_layers(start_local_scf, tmp_path / "functions", "--isolation", way)
    create(server, "plain")
    assert look(server, "plain", folder="/opt")["names"] == sorted(path.name for path in Path("/opt").iterdir())


def test_new_layers_come_with_the_next_call_and_versions_keep_theirs(start_local_scf, tmp_path):
    server = start_with_layers(start_local_scf, tmp_path / "functions")
    for value in (1, 2):
        publish(server, "values", {"value.py": f"VALUE = {value}\n"})
    create(server, "user", ("values", 1))
    assert look(server, "user", ("value",))["values"] == {"value": 1}
    server.request("PublishVersion", {"FunctionName": "user"})
    configure(server, "user", named(("values", 2)))
    assert look(server, "user", ("value",))["values"] == {"value": 2}
    assert look(server, "user", ("value",), Qualifier="1")["values"] == {"value": 1}
    server.request("UpdateFunctionConfiguration", {"FunctionName": "user", "Timeout": 9})
    assert layers_of(server, "user") == [("values", 2, "Active")]


@pytest.mark.parametrize("nothing", [[], [{"LayerName": "", "LayerVersion": 0}]])
def test_an_entry_without_a_name_removes_all_layers(start_local_scf, tmp_path, nothing):
    server = start_with_layers(start_local_scf, tmp_path / "functions")
    publish(server, "values", {"value.py": "VALUE = 1\n"})
    create(server, "user", ("values", 1))
    configure(server, "user", nothing)
    assert layers_of(server, "user") == []
    assert "No module named" in server.invoke("user", {"modules": ["value"]})["RetMsg"]


def test_what_layers_can_not_be(start_local_scf, tmp_path):
    server = start_with_layers(start_local_scf, tmp_path / "functions")
    publish(server, "values", {"value.py": "VALUE = 1\n"})
    create(server, "user")
    six = named(*[("values", 1)] * 6)
    for layers, code, words in (
        (six, "InvalidParameterValue.Layers", "has 6 entries; a function takes 5"),
        (named(("values", 1), ("", 0)), "InvalidParameterValue.Layers", "an entry without LayerName beside others"),
        (named(("values", 2)), "ResourceNotFound.Layer", "Layer 'values' has no version 2"),
        (named(("none", 1)), "ResourceNotFound.Layer", "Layer 'none' does not exist"),
    ):
        refusal = server.error("UpdateFunctionConfiguration", {"FunctionName": "user", "Layers": layers})
        assert (refusal[0], words in refusal[1]) == (code, True), refusal
    assert layers_of(server, "user") == []


def test_a_layer_of_a_file_that_is_not_here_is_told_and_used_when_it_comes(start_local_scf, tmp_path):
    folder = tmp_path / "functions" / "filed"
    write_function(folder, LOOK, OWN_RUNTIME, layers="[{name: late, version: 1}]")
    server = start_local_scf(folder.parent)
    line = "filed: layer 'late' has no version 1 here, in region ap-guangzhou: the function runs without it"
    wait_until(lambda: line in server.stderr)
    assert layers_of(server, "filed") == []
    before = look(server, "filed")
    publish(server, "late", {"value.py": "VALUE = 1\n"})
    after = look(server, "filed", ("value",))
    assert (after["values"], after["pid"] == before["pid"]) == ({"value": 1}, False)
    assert layers_of(server, "filed") == [("late", 1, "Active")]
    configuration = (folder / "serverless.yml").read_text()
    (folder / "serverless.yml").write_text(configuration.replace("version: 1", "version: 2"))
    wait_until(lambda: "filed: layer 'late' has no version 2 here" in server.stderr)


def test_a_call_of_a_running_instance_does_nothing_for_layers(start_local_scf, tmp_path):
    """The merged folder is made once: of the packages and it, nothing is touched by later calls or instances."""
    server = start_with_layers(start_local_scf, tmp_path / "functions", "--isolation", "none")
    for name in ("one", "two"):
        publish(server, name, {f"{name}.py": "VALUE = 1\n"})
    create(server, "user", ("one", 1), ("two", 1))
    first = look(server, "user", ("one", "two"))
    merged = Path(first["variable"][1])
    made = merged.stat().st_ctime_ns
    assert (merged / "one.py").stat().st_nlink == 2  # shared with its package
    create(server, "twin", ("one", 1), ("two", 1))
    assert [look(server, "user")["pid"], look(server, "twin")["variable"][1]] == [first["pid"], str(merged)]
    assert merged.stat().st_ctime_ns == made


def test_a_call_keeps_its_layers_while_one_that_was_missing_comes(start_local_scf, tmp_path, gate):
    """The function merges other files from then on; those of the call stay, also when unused ones are dropped."""
    code = HELD.replace('return "held"', "import one, two; return one.VALUE + two.VALUE")
    layers = "[{name: one, version: 1}, {name: two, version: 1}, {name: late, version: 1}]"
    write_function(tmp_path / "functions" / "user", code, OWN_RUNTIME, layers=layers, timeout=60)
    server = start_local_scf(tmp_path / "functions")
    for name in ("one", "two"):
        publish(server, name, {f"{name}.py": "VALUE = 1\n"})
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(server.invoke, "user", str(gate))
        wait_until(lambda: gate.begun() == 1)
        publish(server, "late", {"late.py": ""})
        publish(server, "other", {"other.py": ""})
        kept = server.request("GetLayerVersion", {"LayerName": "one", "LayerVersion": 1}).response
        packages = Path(kept["Location"].removeprefix("file://")).parent.parent
        server.request("DeleteLayerVersion", {"LayerName": "other", "LayerVersion": 1})
        gate.open()
        assert call.result()["RetMsg"] == "2"
    server.request("DeleteLayerVersion", {"LayerName": "late", "LayerVersion": 1})
    wait_until(lambda: len(list(packages.iterdir())) == 3)  # nothing holds what the call had


class Shelf:
    """What ``check_size`` reads of the services."""

    def __init__(self, layers: LayerCatalogue) -> None:
        self.layers = layers


@pytest.mark.parametrize(("code_bytes", "fits"), [(MAX_UNPACKED_BYTES - 30, True), (MAX_UNPACKED_BYTES - 29, False)])
def test_code_and_layers_have_500_mb_together(tmp_path, code_bytes, fits):
    database = Database(tmp_path / "state.db", print)
    versions = (LayerVersion(1, "a" * 64, 1, 10), LayerVersion(2, "b" * 64, 1, 20))
    shelf = Shelf(LayerCatalogue(database, [Layer("ap-x", "big", versions, 2)]))
    refs = (LayerRef("big", 1), LayerRef("big", 2))
    record = FunctionRecord(FunctionKey("ap-x", "default", "f"), "a.b", "Python3.9", tmp_path, layers=refs)
    try:
        if fits:
            check_size(shelf, record, code_bytes, "InvalidParameterValue.Layers")
        else:
            with pytest.raises(ApiError, match=r"Code and layers are 500\.0 MB unpacked.* a function takes 500 MB"):
                check_size(shelf, record, code_bytes, "InvalidParameterValue.Layers")
    finally:
        database.close()


def test_the_size_of_code_in_a_folder_is_what_would_be_packed(tmp_path):
    for name, text in (("index.py", "12345"), (".venv/big.py", "x" * 100), ("tests/t.py", "x" * 100)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    key = FunctionKey("ap-x", "default", "f")
    record = FunctionRecord(key, "a.b", "Python3.9", tmp_path, packing=PackRules(exclude=("tests/**",)))
    assert asyncio.run(unpacked_bytes(record)) == 5


def test_code_that_is_replaced_while_it_is_measured_is_measured_anew(tmp_path, monkeypatch):
    key = FunctionKey("ap-x", "default", "f")
    records = []
    for sha256, text in (("a" * 64, "123"), ("b" * 64, "12345")):
        package = Package(sha256, tmp_path / sha256, tmp_path / "code.zip", 1)
        package.folder.mkdir()
        for name in ("index.py", "more.py"):
            (package.folder / name).write_text(text)
        records.append(FunctionRecord(key, "a.b", "Python3.9", package.folder, package=package))
    look = os.lstat

    def lstat(path, **options):
        """The first file is looked at; then other code comes, and this one is dropped."""
        found = look(path, **options)
        if len(records) == 2 and str(path).startswith(str(records[0].code_folder)):
            shutil.rmtree(records.pop(0).code_folder)
        return found

    monkeypatch.setattr(os, "lstat", lstat)
    assert asyncio.run(settled_bytes(lambda: records[0])) == 10
