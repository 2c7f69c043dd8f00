"""Sources of the dashboard, and the engine, through which it starts and changes what it does not own."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tencentserverless.local.http.messages import Answer
from tencentserverless.local.invocations.history import InvocationHistory
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.function import Function
from tencentserverless.local.settings import Settings

JsonObject = dict[str, object]


class Refusal(Exception):
    """Refuses a request of the dashboard.

    :param code: one word, by which a page finds its own words
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Facts(NamedTuple):
    """Facts that stay the same while a server runs.

    :param server_id: another one after each start
    :param secret: the key of sessions, made from the owner's key: sessions outlive a restart
    :param notices: told at the start, each as the structure Notice
    """

    server_id: str
    secret: bytes
    endpoint_url: str
    port: int
    is_tls: bool
    started_at: float
    notices: tuple[JsonObject, ...]


class Engine(Protocol):
    """The rest of the server, as far as the dashboard asks it."""

    async def call(
        self, action: str, region: str, parameters: Mapping[str, object], *, again_of: str = ""
    ) -> JsonObject:
        """Perform an action of the API with the owner's key; return its ``Response``, which may hold an ``Error``.

        :param again_of: the request id of a call that this one repeats
        """

    def take_link(self, key: str) -> bool:
        """Use a link up. False if it is unknown, used or too old."""

    is_stopping: Callable[[], bool]  # true once the server is to stop

    def count_instances(self) -> Mapping[str, object]:
        """Return the counts of this moment, with those of each function under ``by_function``."""

    def peek_outputs(self, request_ids: Collection[str], limit_bytes: int) -> Mapping[str, tuple[bytes, int]]:
        """Return the end of the output so far of each of these calls that runs, and the size of it."""

    def count_events(self) -> tuple[int, int]:
        """Return how many asynchronous invocations have not ended, and how many of them run."""

    def flush_events(self) -> None:
        """Have the ends of asynchronous invocations written before what is read next."""

    def state_of(self, function: Function) -> str:
        """Return the state of a function, as the API names it."""

    def can_run(self, function: Function) -> bool:
        """True if events of a function can be run."""

    def urls_of(self, function: Function) -> list[JsonObject]:
        """Return the URLs of a function: ``url``, ``qualifier`` and ``note`` of each."""

    def console_lines(self, after: int) -> tuple[list[str], int]:
        """Return lines of the server's terminal, and the number of all."""

    def tell(self, line: str) -> None:
        """Show a line on the server's terminal."""

    def read_dead_letters(self, count: int) -> list[JsonObject]:
        """Return the last dead letters, the oldest first. May take a while."""

    def timer_event(self, name: str, argument: str, at: float) -> bytes:
        """Return the event of a timer that fires."""

    def report_faults(self) -> list[JsonObject]:
        """Return the fault rules, with their counts."""

    def set_faults(self, body: bytes) -> None:
        """Put rules in place of all. Raises ValueError if they can't be read."""

    def read_ledger(self, function: str | None, start: int, limit: int) -> tuple[int, int, list[JsonObject]]:
        """Return how many entries the ledger has, how many of them ran twice or more, and a page: these come first."""

    def is_ledger_on(self) -> bool:
        """True if executions are written down."""

    def switch_ledger(self, *, is_on: bool) -> None:
        """Have executions written down, or not."""

    def reset_ledger(self) -> None:
        """Delete the entries of the ledger."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts of the server from which the dashboard reads.

    :param clock: UNIX seconds
    """

    facts: Facts
    settings: Settings
    catalogue: Catalogue
    history: InvocationHistory
    engine: Engine
    clock: Callable[[], float]


#: A handler of the JSON API: the query and the body of a request -> the value of its answer, or a whole answer.
Handled = JsonObject | Answer
