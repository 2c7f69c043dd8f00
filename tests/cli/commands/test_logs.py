"""``scf logs`` against a real local SCF."""

import json


def test_the_last_calls_the_oldest_first(scf, server):
    for number in range(3):
        server.invoke("echo", number)
    text = scf("logs", "echo", "-n", 2).stdout
    assert "heard 0" not in text
    assert text.index("heard 1") < text.index("heard 2")
    assert text.startswith("START RequestId: ")
    (one,) = json.loads(scf("logs", "echo", "-n", 1, "--json").stdout)
    assert one["RetMsg"] == "2"
    assert scf("logs", "echo", "--request", one["RequestId"]).stdout == one["Log"] + "\n"


def test_only_those_that_failed(scf, server):
    server.invoke("breaks")
    server.invoke("echo")
    assert scf("logs", "breaks", "--failed").stdout.count("START RequestId") == 1
    assert scf("logs", "echo", "--failed").stdout == ""


def test_a_function_that_is_not_there(scf):
    done = scf("logs", "ecko")
    assert done.returncode == 11
    assert "the nearest names are: echo;" in done.stderr
