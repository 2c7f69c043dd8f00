"""Code from COS: with ``--cos DIR``, the files BUCKET/OBJECT of a folder, and nothing beside it."""

import base64
import errno
import os
from pathlib import Path

import pytest

from tencentserverless.local.actions.cos_objects import CosObject, check_object, open_object
from tencentserverless.local.errors import ApiError
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.local.layering import LOOK, create, look, publish, start_with_layers, zipped

MISSING = "InvalidParameterValue.CosObjectName"


def archive(files):
    return base64.b64decode(zipped(files))


@pytest.fixture
def cos(tmp_path):
    (tmp_path / "cos" / "bucket" / "path").mkdir(parents=True)
    (tmp_path / "cos" / "bucket" / "path" / "code.zip").write_bytes(archive({"index.py": LOOK, "v.py": "VALUE = 1"}))
    (tmp_path / "secret").write_text("not for you")
    return tmp_path / "cos"


def refusal_of(work, *values):
    with pytest.raises(ApiError) as refused:
        work(*values)
    return refused.value.code, refused.value.message


def test_an_object_is_the_file_of_its_bucket(cos):
    for name in ("/path/code.zip", "path/code.zip", "//path//code.zip"):
        with open_object(cos, check_object("bucket", name, "ap-beijing-1"), MISSING) as file:
            assert file.read(2) == b"PK"


@pytest.mark.parametrize("name", ["/../../secret", "/path/../../../secret", "/a\0b", "/" + "x" * 1100])
def test_a_name_that_leads_out_is_refused_before_the_disk_is_asked(name):
    code, message = refusal_of(check_object, "bucket", name, None)
    assert (code, message.endswith("leads out of the folder of --cos.")) == (MISSING, True)
    assert len(message) < 400


def test_a_link_that_leads_out_is_refused(cos, tmp_path):
    (cos / "bucket" / "out.zip").symlink_to(tmp_path / "secret")
    (cos / "elsewhere").symlink_to(tmp_path)
    for bucket, name in (("bucket", "/out.zip"), ("elsewhere", "/secret")):
        code, message = refusal_of(open_object, cos, CosObject(bucket, name), "X")
        assert (code, message) == (
            MISSING,
            f"The object {name!r} of bucket {bucket!r} leads out of the folder of --cos.",
        )


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
def test_what_replaces_an_object_between_the_check_and_the_opening_is_not_read(cos, tmp_path, monkeypatch, what):
    folder = cos / "bucket" / "path"
    (tmp_path / "code.zip").write_text("not for you")
    check = Path.stat

    def stat_and_replace(path, **options):
        found = check(path, **options)
        if path == folder / "code.zip":
            folder.rename(tmp_path / "away")
            if what == "folder":
                folder.symlink_to(tmp_path)
                return found
            folder.mkdir()
            path.symlink_to(tmp_path / "code.zip") if what == "link" else os.mkfifo(path)
        return found

    monkeypatch.setattr(Path, "stat", stat_and_replace)
    code, message = refusal_of(open_object, cos, CosObject("bucket", "/path/code.zip"), "X")
    assert (code, "is no file:" in message) == ("X", what == "pipe")


def test_a_link_that_is_replaced_while_it_is_followed_is_refused(cos, monkeypatch):
    (cos / "bucket" / "in.zip").symlink_to("path/code.zip")

    def readlink(path, **_):
        raise OSError(errno.EINVAL, "Invalid argument", path)

    monkeypatch.setattr(os, "readlink", readlink)
    code, message = refusal_of(open_object, cos, CosObject("bucket", "/in.zip"), "X")
    assert (code, "can't be read" in message) == ("X", True)


def test_what_is_not_there_or_no_file_is_refused_with_its_path(cos):
    os.mkfifo(cos / "bucket" / "pipe")
    for bucket, name, words in (
        ("bucket", "/none.zip", "does not exist: there is no file"),
        ("none", "/path/code.zip", "does not exist: there is no file"),
        ("bucket", "/path/code.zip/more", "does not exist: there is no file"),
        ("bucket", "/path", "is no file:"),
        ("bucket", "/pipe", "is no file:"),
        ("bucket", "/" + "x" * 300, "does not exist: there is no file"),
    ):
        code, message = refusal_of(open_object, cos, CosObject(bucket, name), "ResourceNotFound.CosObject")
        assert code == "ResourceNotFound.CosObject"
        assert words in message
        assert str(cos / bucket / name.strip("/")) in message


@pytest.mark.parametrize(
    ("bucket", "name", "region", "code"),
    [
        (None, "/o", None, "InvalidParameterValue.CosBucketName"),
        ("", "/o", None, "InvalidParameterValue.CosBucketName"),
        ("..", "/o", None, "InvalidParameterValue.CosBucketName"),
        ("a/b", "/o", None, "InvalidParameterValue.CosBucketName"),
        ("b" * 101, "/o", None, "InvalidParameterValue.CosBucketName"),
        ("b", None, None, "InvalidParameterValue.CosObjectName"),
        ("b", "/", None, "InvalidParameterValue.CosObjectName"),
        ("b", "/o", "Beijing", "InvalidParameterValue.CosBucketRegion"),
    ],
)
def test_names_that_are_none(bucket, name, region, code):
    assert refusal_of(check_object, bucket, name, region)[0] == code


def test_functions_and_layers_come_from_the_folder(start_local_scf, tmp_path, cos):
    server = start_with_layers(start_local_scf, tmp_path / "functions", "--cos", cos)
    place = {"CosBucketName": "bucket", "CosObjectName": "/path/code.zip", "CosBucketRegion": "ap-guangzhou"}
    made = {"FunctionName": "made", "Runtime": OWN_RUNTIME, "Code": place, "CodeSource": "Cos"}
    assert set(server.request("CreateFunction", made).response) == {"RequestId"}
    assert look(server, "made", ("v",))["values"] == {"v": 1}
    (cos / "bucket" / "path" / "code.zip").write_bytes(archive({"index.py": LOOK, "v.py": "VALUE = 2"}))
    assert look(server, "made", ("v",))["values"] == {"v": 1}  # an object is read when the API says so
    for update in (place, {"Code": place}):
        assert set(server.request("UpdateFunctionCode", {"FunctionName": "made", **update}).response) == {"RequestId"}
        assert look(server, "made", ("v",))["values"] == {"v": 2}
    (cos / "bucket" / "layer.zip").write_bytes(archive({"w.py": "VALUE = 3"}))
    assert publish(server, "words", {}, Content={"CosBucketName": "bucket", "CosObjectName": "/layer.zip"}) == 1
    create(server, "user", ("words", 1))
    assert look(server, "user", ("w",))["values"] == {"w": 3}


def test_each_action_has_its_codes_for_objects(start_local_scf, tmp_path, cos):
    server = start_with_layers(start_local_scf, tmp_path / "functions", "--cos", cos)
    create(server, "made")
    (cos / "bucket" / "text.zip").write_text("no zip file")
    layer = {"LayerName": "l", "CompatibleRuntimes": [OWN_RUNTIME]}
    for name, created, others in (
        ("/none.zip", "ResourceNotFound.CosObject", MISSING),
        ("/../../secret", MISSING, MISSING),
        ("/text.zip", "InvalidParameterValue.Cos", "InvalidParameterValue.Cos"),
    ):
        place = {"CosBucketName": "bucket", "CosObjectName": name}
        refusals = [
            server.error("CreateFunction", {"FunctionName": "new", "Runtime": OWN_RUNTIME, "Code": place}),
            server.error("UpdateFunctionCode", {"FunctionName": "made", **place}),
            server.error("PublishLayerVersion", {**layer, "Content": place}),
        ]
        assert [code for code, _ in refusals] == [created, others, others]
        assert all(repr(name) in message and "'bucket'" in message for _, message in refusals)
    both = {"CosBucketName": "bucket", "CosObjectName": "/path/code.zip", "ZipFile": zipped({"a.py": ""})}
    assert server.error("UpdateFunctionCode", {"FunctionName": "made", **both})[0] == "InvalidParameterValue.Code"
    code, message = server.error("UpdateFunctionCode", {"FunctionName": "made", "CodeSource": "Cos"})
    assert (code, message) == ("InvalidParameterValue.CosBucketName", "CosBucketName is missing.")


def test_without_the_option_the_refusal_names_it(start_local_scf, tmp_path):
    server = start_with_layers(start_local_scf, tmp_path / "functions")
    create(server, "made")
    place = {"CosBucketName": "bucket", "CosObjectName": "/path/code.zip"}
    code, message = server.error("UpdateFunctionCode", {"FunctionName": "made", **place})
    assert code == "UnsupportedOperation"
    assert "start it with --cos DIR, a folder that holds the files BUCKET/OBJECT" in message


def test_a_folder_that_is_not_there_is_no_start(run_scf, tmp_path):
    (tmp_path / "file").touch()
    for name, words in (("none", "no such folder"), ("file", "not a folder")):
        done = run_scf("local", "start", tmp_path, "--cos", tmp_path / name)
        assert (done.returncode, f"{tmp_path / name}: {words}" in done.stderr) == (2, True)
