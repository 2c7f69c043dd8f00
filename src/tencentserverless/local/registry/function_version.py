"""Records of functions, as frozen values, and the platform's rules for them."""

import enum
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.registry.package_contents import PackRules
from tencentserverless.local.registry.timer_triggers import Trigger
from tencentserverless.local.registry.url_triggers import UrlTrigger

#: document/product/583/19805 and the component's own pattern: 2 to 60 characters, a letter first, no dash at the end.
FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]\Z")
NAMESPACE_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")  # document/product/583/11637, of 2025-10
MAX_NAMES_CHARS = 118  # namespace and function name together: same page
MAX_VERSIONS = 1000  # published ones of a function: same page
HANDLER = re.compile(r"[\w./-]{2,60}\.\w{2,60}\Z")  # each half 2 to 60 characters
MAX_OTHER_HANDLER_CHARS = 121  # two such halves; handlers of other runtimes have other forms
VARIABLE_KEY = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*\Z")
RESERVED_KEY_PREFIXES = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")
MAX_ENVIRONMENT_BYTES = 4096
MAX_DESCRIPTION_CHARS = 1000
MEMORY_MB = frozenset((64, *range(128, 3073, 128)))
TIMEOUT_SECONDS = range(1, 901)
ASYNC_RETRIES = range(3)
ASYNC_TTL_SECONDS = range(60, 21_601)
ASYNC_TIMEOUT_SECONDS = range(1, 86_401)  # of functions with AsyncRunEnable
INIT_TIMEOUT_SECONDS = range(3, 301)
CONCURRENT_REQUESTS = range(1, 101)  # of an instance of a web function: MaxConcurrency in document/api/583/17244
WEBSOCKET_IDLE_SECONDS = range(1, 7201)  # the API says 1 to 1800, the guide 10 to 7200
SESSION_NAME = re.compile(r"[A-Za-z][\w-]{4,39}\Z", re.ASCII)  # same page: 5 to 40 characters, a letter first
MAX_LAYERS = 5  # of one version: document/product/583/11637

WEB = "HTTP"  # the type of a web function
LATEST = "$LATEST"
DEFAULT_ALIAS = "$DEFAULT"
DEFAULT_NAMESPACE = "default"


class FunctionKey(NamedTuple):
    """The identity of a function. A region and a namespace have no function in common with others."""

    region: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.region}/{self.namespace}/{self.name}"


class Package(NamedTuple):
    """Code that came as a zip file, unpacked once into a folder that is named by its hash and never written again."""

    sha256: str
    folder: Path
    archive: Path
    archive_bytes: int


class LayerRef(NamedTuple):
    """A version of a layer of the function's region, as a function names it."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class AsyncConfig:
    """The retry settings of a function's asynchronous invocations (document/product/583/51519, 43732).

    :param retries: number of retries after errors of the function
    :param ttl_seconds: how long an event is attempted again after a lack of capacity
    """

    retries: int = 2
    ttl_seconds: int = 21_600


@dataclass(frozen=True, slots=True)
class FunctionRecord:
    """One version of a function as the registry stores it.

    :param type: ``Event``, or ``HTTP`` for a web function, which requests reach and Invoke does not
    :param changed_at: UNIX seconds of the last change to its code or configuration
    :param version: ``$LATEST``, or the number under which it was published
    :param package: None for code in a folder of the user
    :param runs_async: AsyncRunEnable: every call is only accepted, and may run for a day
    :param async_config: as the function's folder has it; the value of ``Function`` is the valid one
    :param timers: as the function's folder has them; likewise
    :param packing: rules for the files of the user's folder that are packed
    :param options: settings without effect on one machine; they are shown as they were given
    :param urls: as the function's folder has them; likewise
    :param layers: in the order in which they are merged: of two files at one path, the later one counts
    """

    key: FunctionKey
    handler: str
    runtime: str
    code_folder: Path
    memory_mb: int = 128
    timeout_seconds: int = 3
    init_timeout_seconds: int = 65  # the API's default
    environment: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    type: str = "Event"
    created_at: float = 0.0
    changed_at: float = 0.0
    version: str = LATEST
    package: Package | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    runs_async: bool = False
    async_config: AsyncConfig = field(default_factory=AsyncConfig)
    timers: tuple[Trigger, ...] = ()
    packing: PackRules = field(default_factory=PackRules)
    layers: tuple[LayerRef, ...] = ()
    urls: tuple[UrlTrigger, ...] = ()

    @property
    def function_id(self) -> str:
        """``lam-xxxxxxxx``, the same for the same function on every start."""
        return "lam-" + hashlib.sha256(str(self.key).encode("utf-8")).hexdigest()[:8]

    def __repr__(self) -> str:
        # without the environment, which may hold secrets
        return f"<FunctionRecord {self.key}:{self.version} {self.runtime} {self.handler}>"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace of a region.

    :param total_mb: the memory that the calls of its functions may hold together; None if they use the region's
    """

    region: str
    name: str
    description: str = ""
    created_at: float = 0.0
    changed_at: float = 0.0
    total_mb: int | None = None


class Rule(enum.Enum):
    """A rule of the platform for variables."""

    VALUE = "value"
    RESERVED = "reserved"
    SIZE = "size"


class Fault(NamedTuple):
    """A broken rule, and the message about it."""

    rule: Rule
    words: str


def is_other_handler(text: str) -> bool:
    """True if the text can be a handler of a runtime whose handlers have another form."""
    return 0 < len(text) <= MAX_OTHER_HANDLER_CHARS and "\0" not in text


def environment_fault(environment: Mapping[str, str]) -> Fault | None:
    """Return the first rule that a function's own variables break, None if they are valid."""
    for key in environment:
        if not VARIABLE_KEY.match(key):
            return Fault(
                Rule.VALUE, f"the variable {key[:64]!r} must be letters, digits and underscores, a letter first"
            )
        if key.startswith(RESERVED_KEY_PREFIXES):
            words = f"the variable {key[:64]!r} is reserved: SCF_, QCLOUD_ and TENCENTCLOUD_ belong to the platform"
            return Fault(Rule.RESERVED, words)
        if "\0" in environment[key]:
            return Fault(Rule.VALUE, f"the value of the variable {key[:64]!r} holds a NUL character")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in environment.items())
    if size > MAX_ENVIRONMENT_BYTES:
        return Fault(Rule.SIZE, f"the variables are {size} bytes together, the platform takes {MAX_ENVIRONMENT_BYTES}")
    return None
