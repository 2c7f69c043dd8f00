"""The fault server's process, what clients need to reach it, and its ledger."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.proof.fault_proxy import HOST

ROOT = Path(__file__).parents[2]
WILDNESS = 0.02  # the share of connections that are reset or ignored before they are read
SETTLE_SECONDS = 20.0


class Transport:
    """How clients reach the fault server.

    :param kind: ``plain``, ``tls``, or ``tunnel``: TLS through a proxy
    :param folder: with the certificates, see ``make_certificates``
    """

    def __init__(self, kind: str, folder: str = "") -> None:
        self.kind = kind
        self.folder = folder

    def make_options(self, port: int, proxy_port: int) -> "dict[str, Any]":
        """Of a client."""
        if self.kind == "plain":
            return {"endpoint": "http://127.0.0.1:{}".format(port)}
        options = {"endpoint": "https://127.0.0.1:{}".format(port), "ca_file": self.folder + "/roots.pem"}
        if self.kind == "tunnel":
            options.update(endpoint="https://" + HOST, proxy="http://127.0.0.1:{}".format(proxy_port))
        return options


PLAIN = Transport("plain")


def make_certificates(folder: "os.PathLike[str]") -> None:
    """Write what ``Transport`` needs into a folder."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(os.path.join(str(folder), "roots.pem"))
    server = authority.issue_cert("127.0.0.1", HOST)
    server.private_key_and_cert_chain_pem.write_to_path(os.path.join(str(folder), "server.pem"))


def make_environment() -> "dict[str, str]":
    """For programs that import the tests."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in paths if path))


class FaultServer:
    """The fault server's process, and its ledger.

    :param is_tame: connections are never reset or ignored before they are read, tunnels never refused or cut
    """

    def __init__(self, seed: int, is_tame: bool = False, transport: Transport = PLAIN) -> None:
        wildness = 0.0 if is_tame else WILDNESS
        command = [sys.executable, "-m", "tests.proof.fault_server"]
        command += [str(seed), str(wildness), transport.kind, transport.folder]
        pipe = subprocess.PIPE
        self._pid = os.getpid()
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, universal_newlines=True, env=make_environment()
        )
        assert self._process.stdout is not None
        port, proxy_port = map(int, self._process.stdout.readline().split())
        self.url = "http://127.0.0.1:{}".format(port)
        self.options = transport.make_options(port, proxy_port)

    def read_ledger(self) -> dict:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("ledger\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def settle(self) -> dict:
        """The ledger when every connection has ended, so that nothing can run any more."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            ledger = self.read_ledger()
            if not ledger["open"]:
                return ledger
            assert time.monotonic() < deadline, "connections stay open"
            time.sleep(0.02)

    def __enter__(self) -> "FaultServer":
        return self

    def __exit__(self, *_: object) -> None:
        if os.getpid() == self._pid:
            self._process.kill()
            self._process.communicate()
            return
        self._process.returncode = 0  # the server is the parent's, the descriptors of its pipes are this child's own
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
