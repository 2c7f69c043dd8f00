"""What counts as a function in a folder."""

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.project.discovery import discover

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
    write(root / "one", "serverless.yml", MANIFEST % ("same", "."))
    write(root / "two", "serverless.yml", MANIFEST % ("same", "."))
    assert "two/serverless.yml: function 'same' (region ap-shanghai, namespace default) exists already" in refusal(root)
    write(root / "1two")
    (root / "two" / "serverless.yml").unlink()
    assert "'1two' is no function name" in refusal(root)
    assert "no such folder" in refusal(root / "missing")
