"""A static responder in a process of its own: nginx if it is installed, else a Python program.

Each serves one answer on three ports of the loopback: plain, TLS, and TLS that closes after each answer. nginx has a
port for each version of TLS too, which closes as well, with tickets and the certificate of another CA: an RSA key,
as public hosts have, makes a full handshake dearer than a key of ECDSA.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 10.0
#: The success sample that Tencent publishes for InvokeFunction, with whole ids.
ANSWER = json.dumps(
    {
        "Response": {
            "Result": {
                "MemUsage": 3207168,
                "Log": "",
                "RetMsg": "hello from scf",
                "BillDuration": 100,
                "FunctionRequestId": "6add56fa-58f1-11e8-89a9-5254005d5fdb",
                "Duration": 0.826,
                "ErrMsg": "",
                "InvokeResult": 0,
            },
            "RequestId": "c2af8a64-c922-4d55-aee0-bd86a5c2cd12",
        }
    },
    separators=(",", ":"),
)
NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen {host}:{plain} backlog=1024; location / {{ return 200 '{answer}'; }} }}
    server {{ listen {host}:{tls} ssl backlog=1024; location / {{ return 200 '{answer}'; }} }}
    server {{ listen {host}:{closing} ssl backlog=1024; keepalive_timeout 0; location / {{ return 200 '{answer}'; }} }}
    {resuming}
}}
"""
RESUMING = """server {{
        listen {host}:{port} ssl backlog=1024; keepalive_timeout 0; location / {{ return 200 '{answer}'; }}
        ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols {protocol}; ssl_session_tickets on;
    }}
"""
#: nginx's names of the versions of TLS that have a port each.
VERSIONS = {"TLS 1.3": "TLSv1.3", "TLS 1.2": "TLSv1.2"}


@dataclass(frozen=True)
class Trust:
    """Files of the test CA: its root alone, the same behind certifi's bundle, the server's certificate and key."""

    ca_file: Path
    bundle: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Responder:
    """A responder that runs.

    :ivar name: the name and version of its program
    :ivar resuming: the ports that close and resume, by the version of TLS; none without nginx
    """

    name: str
    pid: int
    plain: int
    tls: int
    closing: int
    resuming: Mapping[str, int] = field(default_factory=dict)

    def pin(self, cpu: int) -> None:
        """Keep the responder on this CPU."""
        os.sched_setaffinity(self.pid, {cpu})


def make_trust(python: Path, folder: Path, roots: Path | None, key_type: str = "ECDSA") -> Trust:
    """Make a CA for this run.

    :param python: an interpreter that has trustme
    :param roots: certifi's bundle, which the peers load by default; None for none
    :param key_type: ``ECDSA`` (P-256) or ``RSA`` (2048)
    """
    folder.mkdir(exist_ok=True)
    command = [str(python), "-m", "trustme", "--quiet", "-k", key_type, "-d", str(folder), "-i", HOST, "localhost"]
    subprocess.run(command, check=True)
    trust = Trust(folder / "client.pem", folder / "bundle.pem", folder / "server.pem", folder / "server.key")
    common = roots.read_text(encoding="utf-8") if roots else ""
    trust.bundle.write_text(common + trust.ca_file.read_text(encoding="ascii"), encoding="utf-8")
    return trust


def find_ports(count: int) -> list[int]:
    """Find ports that are free now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind((HOST, 0))
        return [sock.getsockname()[1] for sock in sockets]


@contextlib.contextmanager
def start(trust: Trust, folder: Path, prefer_nginx: bool = True, rsa: Trust | None = None) -> Iterator[Responder]:
    """Start a responder; it is stopped at the end of the context.

    :param rsa: files of a CA with RSA keys, for the ports that resume; without it there are none
    """
    nginx = find_nginx() if prefer_nginx else None
    resuming = dict(zip(VERSIONS, find_ports(len(VERSIONS)), strict=True)) if nginx and rsa else {}
    plain, tls, closing = find_ports(3)
    if nginx is None:
        name = f"static_responder.py of this project on Python {sys.version.split()[0]} (nginx was not found)"
        script = Path(__file__).with_name("static_responder.py")
        ports = [str(port) for port in (plain, tls, closing)]
        command = [sys.executable, str(script), *ports, str(trust.certificate), str(trust.key)]
    else:
        told = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
        name = "nginx " + told.strip().rpartition("/")[2] + ", one process, static answer"
        text = NGINX.format(
            folder=folder,
            certificate=trust.certificate,
            key=trust.key,
            host=HOST,
            plain=plain,
            tls=tls,
            closing=closing,
            answer=ANSWER,
            resuming=write_resuming(resuming, rsa) if rsa else "",
        )
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        for port in (plain, tls, closing, *resuming.values()):
            await_port(port, process)
        yield Responder(name, process.pid, plain, tls, closing, resuming)
    finally:
        process.terminate()
        process.wait()


def write_resuming(ports: Mapping[str, int], rsa: Trust) -> str:
    """Write the part of nginx's configuration that serves the ports that resume."""
    files = {"certificate": rsa.certificate, "key": rsa.key}
    return "    ".join(
        RESUMING.format(host=HOST, port=port, answer=ANSWER, protocol=VERSIONS[version], **files)
        for version, port in ports.items()
    )


def find_nginx() -> str | None:
    """Find nginx; Debian keeps it in a folder that is not on every user's path."""
    return shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the port listens."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the responder did not start (status {process.returncode})") from None
            time.sleep(0.02)
