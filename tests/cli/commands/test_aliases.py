"""``scf aliases`` against a real local SCF."""

import json

import pytest

from tests.cli.commands.test_versions import CLOUD


@pytest.fixture
def scf(folder, start_local_scf, run_scf):
    server = start_local_scf(folder)
    for _ in range(2):
        server.request("PublishVersion", {"FunctionName": "echo"})
    return lambda *words: run_scf(*words, env=server.env)


def rows(scf):
    return {line.split()[0]: line for line in scf("aliases", "list", "echo").stdout.splitlines()}


def test_an_alias_is_created_changed_and_deleted(scf):
    made = scf("aliases", "set", "echo", "prod", "1", "--description", "live")
    assert (made.returncode, made.stderr) == (0, "scf: created alias prod of echo\n")
    assert scf("invoke", "echo", "--qualifier", "prod", "-d", "7").stdout == "7\n"
    assert rows(scf)["prod"].split()[1] == "1"
    changed = scf("aliases", "set", "echo", "prod", "1", "--also", "2=0.1")
    assert changed.stderr == "scf: changed alias prod of echo\n"
    assert "1 (90%), 2 (10%)" in rows(scf)["prod"]
    assert rows(scf)["prod"].endswith("live"), "what is not given stays"
    scf("aliases", "set", "echo", "prod", "2")
    found = {each["Name"]: each for each in json.loads(scf("aliases", "list", "echo", "--json").stdout)}
    assert found["prod"]["FunctionVersion"] == "2"
    assert found["prod"]["RoutingConfig"]["AdditionalVersionWeights"] == []
    assert scf("aliases", "delete", "echo", "prod").stderr == "scf: deleted alias prod of echo\n"
    assert list(rows(scf)) == ["$DEFAULT"]


@pytest.mark.parametrize("share", ["2", "=0.1", "2=x", "2=1.5", "2=nan", "2=-1"])
def test_a_share_that_is_none_is_a_usage_error(run_scf, share):
    done = run_scf("aliases", "set", "echo", "prod", "1", "--also", share)
    assert done.returncode == 2
    assert f"'{share}' is not VERSION=SHARE, with a share from 0 to 1" in done.stderr


def test_what_is_not_there(scf):
    for words in (("set", "echo", "prod", "9"), ("delete", "echo", "prod"), ("list", "ecko")):
        done = scf("aliases", *words)
        assert (done.returncode, "ResourceNotFound" in done.stderr) == (11, True)


def test_delete_in_the_cloud_asks(run_scf):
    done = run_scf("aliases", "delete", "echo", "prod", env=CLOUD)
    assert (done.returncode, "Delete alias prod of echo in namespace default" in done.stderr) == (15, True)
