"""``scf versions`` against a real local SCF, and the cloud only as far as the question."""

import json

import pytest

CLOUD = {"TENCENTCLOUD_SECRET_ID": "AKIDexample", "TENCENTCLOUD_SECRET_KEY": "secret", "HTTPS_PROXY": ""}


@pytest.fixture
def own(folder, start_local_scf):
    return start_local_scf(folder)


def test_publish_list_and_delete(own, run_scf):
    def scf(*words):
        return run_scf(*words, env=own.env)

    assert scf("versions", "publish", "echo", "--description", "first").stdout == "1\n"
    assert json.loads(scf("versions", "publish", "echo", "--json").stdout)["FunctionVersion"] == "2"
    lines = scf("versions", "list", "echo").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["$LATEST", "2", "1"]
    assert lines[2].endswith("first")
    assert scf("invoke", "echo", "--qualifier", "1", "-d", "5").stdout == "5\n"
    assert scf("versions", "delete", "echo", "1").stderr == "scf: deleted version 1 of echo\n"
    assert [each["Version"] for each in json.loads(scf("versions", "list", "echo", "--json").stdout)] == [
        "$LATEST",
        "2",
    ]
    gone = scf("versions", "delete", "echo", "1")
    assert (gone.returncode, "ResourceNotFound" in gone.stderr) == (11, True)


def test_every_page_is_listed(own, run_scf):
    for _ in range(103):
        own.request("PublishVersion", {"FunctionName": "echo"})
    assert len(run_scf("versions", "list", "echo", env=own.env).stdout.splitlines()) == 104


@pytest.mark.parametrize("verb", ["list", "publish"])
def test_a_function_that_is_not_there(scf, verb):
    done = scf("versions", verb, "ecko")
    assert (done.returncode, "the nearest names are: echo;" in done.stderr) == (11, True)


def test_delete_in_the_cloud_asks(run_scf):
    done = run_scf("versions", "delete", "echo", "1", env=CLOUD)
    assert (done.returncode, "Delete version 1 of echo in namespace default" in done.stderr) == (15, True)
