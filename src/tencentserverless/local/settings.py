"""Settings of a local SCF: the choices of the command line, and every limit with its unit and its source.

Only this module of ``local`` reads the server's own environment variables.
"""

import locale
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tencentserverless._core import wire
from tencentserverless.local.descriptor_limit import count_instances
from tencentserverless.local.machine_memory import read_memory_limit

REGION_NAME = re.compile(r"[a-z]{2}(-[a-z0-9]+){1,3}\Z")

KIB = 1024
MIB = 1024 * KIB

STATE_FOLDER_NAME = ".scf"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_UIN = "100000000001"
DEFAULT_PORT = 8583
DEFAULT_URL_PORT = 8584
DASHBOARD_LINK = "/_local/open?key="
OLD_DEFAULT_PORT = 9000  # until 1.0.0; every web function has to listen on it
LOOPBACK_HOSTS = frozenset(("127.0.0.1", "localhost", "::1"))

#: Seconds of the states of functions that change, at the cloud's pace, unless the user gives others: ours.
CLOUD_SECONDS: Mapping[str, float] = {"Creating": 3.0, "Updating": 2.0, "Publishing": 2.0, "Deleting": 1.0}
MAX_STATE_SECONDS = 600.0  # ours

LOG_FORMATS = ("text", "json", "none")

CA_NAME = "scf-local-ca.pem"
SERVER_KEY_NAME = "scf-local-server.pem"
OLD_CA_KEY_NAME = "ca-key.pem"  # until 1.0.0
CA_BUNDLE_NAME = "scf-local-bundle.pem"
#: Variables in which clients find roots: OpenSSL (Python's ssl, Go, curl), requests (Tencent's SDKs of some years),
#: Node.js.
BUNDLE_VARIABLE = "REQUESTS_CA_BUNDLE"
TRUST_VARIABLES = ("SSL_CERT_FILE", BUNDLE_VARIABLE, "NODE_EXTRA_CA_CERTS")

#: Hosts that are reached without a proxy. Tencent's SDK for Python reads the first before the second, requests and curl
#: the other way round.
DIRECT_VARIABLES = ("NO_PROXY", "no_proxy")

LARGE_REGIONS = frozenset(("ap-guangzhou", "ap-shanghai", "ap-beijing", "ap-chengdu", "ap-hongkong"))

#: Variables of the server's environment that a function may see. All others are left out, because they may hold
#: secrets. The guard against calls to the cloud also applies to functions under test.
PASSED_VARIABLES = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "HOSTNAME", "TERM"),
    "TENCENTSERVERLESS_ENDPOINT_GUARD",
)

#: document/product/583/30228: LANG and LC_ALL are en_US.UTF8, whatever the shell of this machine has.
_UTF8_LOCALES = ("en_US.UTF-8", "C.UTF-8")


_CACHE_FOLDER = "Library/Caches" if sys.platform == "darwin" else ".cache"
_USUAL_MEMORY_BYTES = 4096 * MIB  # where the system does not tell
_MIN_PROCESSES = 4  # functions call each other
_MAX_PROCESSES = 128


def _processes_that_fit() -> int:
    """Return the number of interpreters that fit: about 48 MB each, in half of the memory of machine or container.

    Each interpreter also needs descriptors; a call that would need more than there are replaces an idle instance.
    """
    memory_bytes = read_memory_limit().usable_bytes or _USUAL_MEMORY_BYTES
    return min(count_instances(), max(_MIN_PROCESSES, min(_MAX_PROCESSES, memory_bytes // MIB // 2 // 48)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the server. Sources are pages of cloud.tencent.com, if the platform has the limit."""

    body_bytes: int = wire.MAX_BODY_BYTES
    v1_body_bytes: int = MIB  # document/api/583/17237: a POST that is signed by HmacSHA1 or HmacSHA256
    query_bytes: int = 32 * KIB  # same page: a GET
    head_bytes: int = 64 * KIB  # ours: request line and headers, of which the query is a part
    tunnels: int = 128  # ours: simultaneous connections through the proxy
    tunnel_idle_seconds: float = 960.0  # ours: longer than a call can be silent, which is 900 s and its start
    request_seconds: float = 60.0  # ours: for a request to arrive completely
    async_event_bytes: int = wire.MAX_ASYNC_EVENT_BYTES  # same page: 128 KB an asynchronous event
    queued_events: int = 100_000  # document/product/583/9694: waiting asynchronous events of a function
    events_at_once: int = 32  # ours: running events of one function
    event_bytes: int = wire.MAX_EVENT_BYTES  # document/product/583/17299: 6 MB a synchronous event
    # document/product/583/56124: a web function's request and answer; an answer that streams has no such bound: ours
    web_body_bytes: int = 6 * MIB
    web_answer_head_bytes: int = 4 * KIB  # same page: all headers of an answer
    log_tail_bytes: int = 4 * KIB  # document/api/583/17243: Result.Log
    output_bytes: int = 64 * KIB  # ours: the kept output of one call
    region_memory_mb: int = 64_000  # document/product/583/51519: quota of most regions
    large_region_memory_mb: int = 128_000  # same page: quota of LARGE_REGIONS
    skew_seconds: int = 300  # document/api/583/17239: X-TC-Timestamp
    temporary_key_seconds: int = 6 * 3600  # keys of an execution role last at most that long
    keep_alive_seconds: int = 75  # ours: longer than the SDK keeps a connection idle
    idle_instance_seconds: float = 300.0  # ours: the platform names no retention
    # ours: with fewer active instances, a call starts a new one instead of waiting
    ready_instances: int = field(default_factory=lambda: max(2, os.cpu_count() or 1))
    all_instances: int = field(default_factory=_processes_that_fit)  # ours: processes of all functions
    start_seconds: float = 0.05  # ours: about the start time of an instance; a shorter wait is the better choice
    stall_seconds: float = 0.1  # ours: how long a call waits for a busy instance before it gets a new one
    prefetch_seconds: float = 0.005  # ours: calls that take no longer than this are prefetched
    prefetch_calls: int = 8  # ours: prefetched calls of one instance
    burst_instances: int = 500  # document/product/583/42611: new instances of a region in a minute, then 429
    provisioned_starts: int = 100  # same page: provisioned instances that a region starts in a minute
    queue_seconds: float = 30.0  # ours: how long a call waits when no process may be started
    drain_seconds: float = 4.0  # ours: how long running calls may continue at a stop
    stop_seconds: int = 5  # ours: how long answers in progress may take at a stop

    @property
    def provisioned_instances(self) -> int:
        """The instances that all functions may keep without calls: half of all, so that the others have theirs."""
        return max(1, self.all_instances // 2)

    def quota_mb(self, region: str) -> int:
        """Return the memory that the calls of a region may hold together."""
        return self.large_region_memory_mb if region in LARGE_REGIONS else self.region_memory_mb


class PackageFolder(NamedTuple):
    """A folder of modules for functions; a virtual environment stands for the modules that are installed in it.

    :param function: the name of a function, ``""`` for all
    """

    function: str
    path: Path

    @property
    def is_environment(self) -> bool:
        """True if the folder is a virtual environment."""
        return (self.path / "pyvenv.cfg").is_file()

    def versions(self) -> dict[str, Path]:
        """Return the folders of modules of a virtual environment, by the version of their Python, such as ``3.11``."""
        found = sorted(self.path.glob("lib/python*/site-packages")) if self.is_environment else []
        return {path.parent.name.removeprefix("python"): path for path in found}


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of the command line. ``state`` is None for an ephemeral server."""

    project: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    state: Path | None = None
    secret_file: Path | None = None
    env_file: Path | None = None
    region: str = wire.DEFAULT_REGION
    strict_runtimes: bool = False
    tls: bool = False
    proxy_port: int | None = None  # None for no proxy; the proxy leads to the TLS server
    url_port: int | None = None  # of the path form of function URLs; None for the usual one, or a free one
    appid: str = "1250000000"
    uin: str = DEFAULT_UIN
    passed_environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    umask: int = 0o022  # of functions
    # ports of functions that run under a debugger, by name
    debug_ports: Mapping[str, int] = field(default_factory=dict)
    follows_files: bool = True  # apply saved files of functions at once
    strict: bool = False  # refuse to start if a function can't be read
    outputs: Mapping[str, str] = field(default_factory=dict)  # of ${output:...} in configuration files
    isolation: str = "auto"  # or "namespaces", "none": worker/isolation
    web_ports: str = "auto"  # or "seccomp", "shims", "single": worker/web_ports
    shared_tmp: bool = False  # functions have this machine's /tmp
    shared_folders: tuple[Path | str, ...] = ()  # below /tmp, where functions see and may write them
    # variables of local runs alone, by the name of the function
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    packages: tuple[PackageFolder, ...] = ()
    pace: Mapping[str, float] = field(default_factory=dict)  # seconds of the states of functions that change
    cos: Path | None = None  # holds the objects of COS as BUCKET/OBJECT
    time_scale: float = 1.0  # retries come this many times faster than on the platform
    is_listed: bool = False  # enter the server in the register, so that commands find it from any folder
    log_format: str = "text"  # of the lines about calls: one of LOG_FORMATS
    waits_for_debugger: bool = False  # a debugged function loads its code when a debugger is attached

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can reach the server."""
        return self.host in LOOPBACK_HOSTS or self.host.startswith("127.")


def passed_environment() -> dict[str, str]:
    """Return the part of the server's own environment that functions may see, and the locale of functions."""
    passed = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
    return {**passed, **dict.fromkeys(("LANG", "LC_ALL"), _utf8_locale())}


def _utf8_locale() -> str:
    """Return the platform's locale, or another one of this machine whose text is UTF-8."""
    present = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in _UTF8_LOCALES:
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, present)
    return _UTF8_LOCALES[-1]


def project_variables() -> Mapping[str, str]:
    """Return the values of ``${env:X}`` in a serverless.yml."""
    return os.environ


def register_folders() -> list[Path]:
    """Return the folders in which servers of this user may be registered: the runtime folder, then the cache folder.

    A server is registered in the first that can be used; another one was chosen where the environment was another.
    """
    bases = [
        (os.environ.get("XDG_RUNTIME_DIR", ""), "scf-local"),
        (os.environ.get("XDG_CACHE_HOME") or str(Path.home() / _CACHE_FOLDER), "scf-local/servers"),
    ]
    return [Path(base) / name for base, name in bases if os.path.isabs(base)]  # XDG: ignore a relative path


def trusted_bundle() -> Path | None:
    """Return the file of roots that the environment names, unless a local SCF wrote it."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):  # Node.js adds its own file to the roots that it has
        path = Path(os.environ.get(name, ""))
        if path.name not in ("", CA_NAME, CA_BUNDLE_NAME) and path.is_file():
            return path
    return None


def trust_of_ours() -> list[str]:
    """Return the variables for roots that now name a file of a local SCF."""
    ours = (CA_NAME, CA_BUNDLE_NAME)
    return [name for name in TRUST_VARIABLES if Path(os.environ.get(name, "")).name in ours]


def present_value(*names: str) -> str:
    """Return the value of the first of these variables that is set."""
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def search_folders() -> list[Path]:
    """Return the folders of PATH, in which interpreters are searched."""
    return [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]


def pyenv_root() -> Path:
    """Return the folder of pyenv's interpreters, also if it does not exist."""
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
