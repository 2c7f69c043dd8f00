"""What counts as a function in a folder."""

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.project.discovery import discover, read_place

MANIFEST = "component: scf\nname: x\ninputs: {name: %s, src: %s, runtime: Python3.10}\n"


def write(folder, name="index.py", text="def main_handler(event, context): pass\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def names(path):
    return sorted(key.name for key in discover(path, "ap-shanghai", {}, 5.0).records)


def test_folders_with_an_index_and_manifests(tmp_path):
    root = tmp_path / "root"
    write(root / "one")
    write(root / "two-too")
    write(root / "described", "serverless.yml", MANIFEST % ("by-name", "."))
    write(root / "described")
    write(root / ".hidden")
    write(root / "node_modules")
    write(root / "deep" / "er")
    write(root / "text", "readme.txt", "")
    assert names(root) == ["by-name", "one", "two-too"]
    record = next(iter(discover(root / "one", "ap-shanghai", {}, 5.0).records.values()))
    assert (record.key.region, record.handler, record.created_at) == ("ap-shanghai", "index.main_handler", 5.0)


def test_beside_a_manifest_at_the_top_folders_are_code(tmp_path):
    root = tmp_path / "root"
    write(root, "serverless.yml", MANIFEST % ("top", "src"))
    write(root / "src")
    write(root / "second", "serverless.yml", MANIFEST % ("second", "."))
    assert names(root) == ["second", "top"]


def refusal(path):
    with pytest.raises(StartupError) as refused:
        discover(path, "ap-shanghai", {}, 5.0)
    assert refused.value.reason is Reason.PROJECT
    return str(refused.value)


def test_what_can_not_be(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    assert "no functions here" in refusal(root)
    (notice,) = discover(root, "ap-shanghai", {}, 5.0, tells_empty=True).told_at_start()
    assert notice.startswith(refusal(root))
    assert "deploy functions through the API, or save them there" in notice
    write(root / "one", "serverless.yml", MANIFEST % ("same", "."))
    write(root / "two", "serverless.yml", MANIFEST % ("same", "."))
    (fault,) = discover(root, "ap-shanghai", {}, 5.0).faults
    assert "two/serverless.yml: function 'same' (region ap-shanghai, namespace default) exists already" in fault
    write(root / "1two")
    (root / "two" / "serverless.yml").unlink()
    project = discover(root, "ap-shanghai", {}, 5.0)
    assert "'1two' is no function name" in project.faults[0]
    assert [key.name for key in project.records] == ["same"]
    assert "no such folder" in refusal(root / "missing")


def test_a_folder_that_a_file_above_names_is_not_served_by_convention(tmp_path):
    shop = tmp_path / "shop"
    write(shop, "serverless.yaml", MANIFEST % ("cart", "./src"))
    write(shop / "src" / "deep")
    write(shop / "src")
    for path in (shop / "src", shop / "src" / "deep"):
        assert f"{shop}/serverless.yaml configures its code; give the folder {shop} instead" in refusal(path)
    write(shop / "other")
    assert names(shop / "other") == ["other"]


def test_beside_a_file_that_is_not_read_nothing_is_served_by_convention(tmp_path):
    root = tmp_path / "root"
    write(root, "serverless.yml", "component: flask\nname: web\n")
    write(root)
    write(root / "below")
    assert "is not read: it is of component 'flask'" in refusal(root)
    assert "serverless.yml configures its code" in refusal(root / "below")


def test_a_fault_of_one_function_leaves_the_others(tmp_path):
    root = tmp_path / "root"
    write(root / "good")
    write(root / "bad", "serverless.yml", MANIFEST % ("1st", "./none"))
    project = discover(root, "ap-shanghai", {}, 5.0)
    assert [key.name for key in project.records] == ["good"]
    assert len(project.faults) == 2
    assert [line for line in project.told_at_start() if line.startswith("not served: ")] == [
        f"not served: {fault}" for fault in project.faults
    ]


def test_one_place_is_read_for_one_of_its_functions(tmp_path):
    root = tmp_path / "root"
    write(
        root,
        "serverless.yml",
        "a: {component: '@serverless/tencent-scf', inputs: {name: aa, codeUri: ., runtime: Go1}}\n",
    )
    project = discover(root, "ap-shanghai", {}, 5.0)
    (key,) = project.records
    place = project.places[key]
    assert read_place(place, key, "ap-shanghai", {}, 5.0) == project.records[key]
    assert read_place(place, key._replace(name="bb"), "ap-shanghai", {}, 5.0) is None
    write(root, "serverless.json", "{}")
    with pytest.raises(StartupError, match="configure one folder"):
        read_place(place, key, "ap-shanghai", {}, 5.0)
