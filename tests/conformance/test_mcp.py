"""An MCP server of the official package runs as a web function, and the package's client finds its session again."""

import json
import subprocess

import pytest

from tests.conformance.servers.sites import python_place
from tests.conformance.servers.table import PYTHON, Server

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]  # the first run installs the package

MCP = Server("mcp", f"exec {PYTHON} mcp_server.py", ("mcp_server.py", "mcp_client.py"))
#: Each session has an instance of its own, which takes its stream of events beside its requests.
SESSIONS = """
  instanceConcurrencyConfig:
    enable: true
    maxConcurrency: 10
    sessionConfig:
      sessionSource: HEADER
      sessionName: Mcp-Session-Id
      sessionPath: /mcp
      maximumConcurrencySessionPerInstance: 1
      maximumTTLInSeconds: 600
      maximumIdleTimeInSeconds: 600
"""
TOGETHER = """
  instanceConcurrencyConfig:
    enable: true
    maxConcurrency: 10
"""


@pytest.fixture
def talk(tmp_path, start_site):
    """Start the server with these settings, and have two clients talk to it."""

    def run_clients(more, mode):
        place = python_place()
        site = start_site(MCP, place, more.lstrip("\n"))
        program = tmp_path / "functions" / "mcp" / "mcp_client.py"
        words = [place.programs / "python", program, f"{site.url}/mcp", mode, tmp_path]
        done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_clients


def check_told(told):
    assert told["tools"] == ["remember", "work"]
    assert told["worked"] == [[[1, 2, "the first step is done"]], "worked"]


def test_each_session_has_its_instance(talk):
    told = talk(SESSIONS, "legacy")
    check_told(told)
    one, again, two, last = told["kept"]
    assert [each["notes"] for each in told["kept"]] == [["a"], ["a", "b"], ["c"], ["a", "b", "d"]]
    assert one["instance"] == again["instance"] == last["instance"] != two["instance"]
    assert told["read"] == "c"


def test_requests_of_the_protocol_without_sessions_share_an_instance(talk):
    told = talk(TOGETHER, "auto")
    check_told(told)
    assert [each["notes"] for each in told["kept"]] == [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]]
    assert told["read"] == "a\nb\nc\nd"
