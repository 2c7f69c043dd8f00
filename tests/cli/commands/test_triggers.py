"""``scf triggers`` against a real local SCF."""

import json

import pytest


@pytest.fixture
def scf(folder, start_local_scf, run_scf):
    server = start_local_scf(folder)
    return lambda *words: run_scf("triggers", *words, env=server.env)


def test_a_timer_is_added_switched_and_deleted(scf):
    added = scf("add", "echo", "often", "--cron", "*/5 * * * * * *", "--argument", "hello", "--off")
    assert (added.returncode, added.stderr) == (0, "scf: added trigger often to echo\n")
    assert scf("list", "echo").stdout.split(None, 4) == ["often", "timer", "off", "$LATEST", "*/5 * * * * * *\n"]
    assert scf("enable", "echo", "often").stderr == "scf: trigger often of echo is on\n"
    assert scf("enable", "echo", "often").stderr == "scf: trigger often of echo is on already\n"
    (found,) = json.loads(scf("list", "echo", "--json").stdout)
    assert (found["Enable"], found["CustomArgument"]) == (1, "hello")
    assert scf("disable", "echo", "often").stderr == "scf: trigger often of echo is off\n"
    assert scf("delete", "echo", "often").stderr == "scf: deleted trigger often of echo\n"
    assert scf("list", "echo").stdout == ""


def test_a_url_is_added_shown_by_its_address_switched_and_deleted(scf):
    config = '{"AuthType": "NONE", "NetConfig": {"EnableIntranet": false, "EnableExtranet": true}}'
    added = scf("add", "echo", "url", "--type", "http", "--config", config)
    assert (added.returncode, added.stderr) == (0, "scf: added trigger url to echo\n")
    name, kind, state, qualifier, url = scf("list", "echo").stdout.split()
    assert (name, kind, state, qualifier) == ("url", "http", "on", "$LATEST")
    assert url.startswith("http://1250000000-")
    assert ".ap-guangzhou.localhost:" in url
    for verb, done in (("disable", "trigger url of echo is off"), ("delete", "deleted trigger url of echo")):
        assert scf(verb, "echo", "url").stderr == f"scf: {done}\n"
    assert scf("list", "echo").stdout == ""


def test_what_is_not_there_or_can_not_be(scf):
    scf("add", "echo", "often", "--cron", "*/5 * * * * * *")
    for verb in ("enable", "disable", "delete"):
        done = scf(verb, "echo", "rarely")
        assert (done.returncode, done.stderr) == (
            11,
            "scf: error: echo has no trigger 'rarely'; there are: often\n",
        )
    assert "the nearest names are: echo;" in scf("list", "ecko").stderr
    assert "InvalidParameterValue.TriggerDesc" in scf("add", "echo", "bad", "--cron", "often").stderr
    assert "not served by the local SCF" in scf("add", "echo", "bad", "--type", "cos", "--config", "{}").stderr


@pytest.mark.parametrize("words", [(), ("--cron", "x", "--type", "cos"), ("--cron", "x", "--config", "{}")])
def test_a_trigger_is_a_timer_or_another_one(run_scf, words):
    done = run_scf("triggers", "add", "echo", "one", *words)
    assert (done.returncode, "give --cron for a timer, or --type and --config" in done.stderr) == (2, True)
