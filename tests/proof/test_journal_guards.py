"""What guards a journal: forks, copies, other names of its file, second runs, and a disk that is full.

The programs are real, and are killed in earnest. A guard is then taken away, and the same check must notice.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tencentserverless.journal import Journal
from tests.peer import Peer, PeerRequest, http_answer, ok, result_body

pytestmark = [pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")]

INPUTS = 50
ROUNDS_EACH = 10
SECONDS = 100

#: What takes a guard away; it stands at the start of a program.
BREAK = "import tencentserverless.journal as journal_module; from tencentserverless._base import sole_database\n"
NO_PIN = BREAK + (
    "sole_database.Pin.__init__ = lambda self, thing: None\n"
    "sole_database._keep_log = lambda connection, is_kept: None\n"
)
NO_PID = BREAK + "sole_database.SoleDatabase.is_inherited = False\n"
NO_LOCK = BREAK + "sole_database.FileLock.acquire = lambda self: None\n"
NO_LINK_CHECK = BREAK + "journal_module.check_file = lambda path, is_made: None\n"
NO_SQLITE_LOCK = BREAK + (
    "true_execute = journal_module.Journal._execute\n"
    "def execute(self, statement, values=()):\n"
    "    return true_execute(self, statement.replace('= EXCLUSIVE', '= NORMAL'), values)\n"
    "journal_module.Journal._execute = execute\n"
)

FACES = """
import asyncio, gc, os, resource, shutil, sys
from tencentserverless.aio import AsyncClient
from tencentserverless.exception import TencentCloudSDKException
from tencentserverless.journal import Journal, JournalError
from tencentserverless.scf import Client

url, path, face, plan, mutation = sys.argv[1:]
exec(mutation)
keys = dict(region="ap-guangzhou", secret_id="AKIDpeer", secret_key="the-secret-key-of-the-peer", endpoint=url)
options = dict(concurrency=2, journal=path, timeout=60, return_exceptions=True)


def run_map(visit, inputs=range({inputs}), **more):
    # Outcomes go to visit, which leaves the map by False.
    more = dict(options, **more)
    if face == "threads":
        client = Client(**keys)
        outcomes = client.map("charge", inputs, **more)
        for outcome in outcomes:
            if visit(outcome) is False:
                break
        outcomes.close()
        return client._pool.state

    async def consume():
        async with AsyncClient(**keys) as client:
            outcomes = client.map("charge", inputs, **more)
            async for outcome in outcomes:
                if visit(outcome) is False:
                    break
            await outcomes.aclose()
            return client._get_pool().state

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(consume())
    finally:
        loop.close()
""".replace("{inputs}", str(INPUTS))

FORK = """
options["timeout"] = 3


def visit(outcome):
    if plan != "end" and outcome.position == 5:
        shutil.copy(path, path + ".copy")
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            if plan == "os._exit":
                os._exit(0)
            if plan == "error":
                raise LookupError("the child's own")
            sys.exit(0)
        os.waitpid(child, 0)
    if plan != "end" and outcome.position == 40:
        os.kill(os.getpid(), 9)


run_map(visit)
"""

HOLD = """
def use(journal):
    for method in (journal.in_doubt, lambda: journal.settle(30, executed=True), lambda: Journal(path)):
        try:
            method()
        except JournalError as error:
            assert "fork" in str(error) or "in use" in str(error), error
        else:
            os._exit(3)


with Journal(path) as journal:
    for position in range(20):
        journal.settle(position, executed=False)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        use(journal)
        if plan == "error":
            raise LookupError("the child's own")
        if plan == "sys.exit":
            sys.exit(0)
    else:
        _, status = os.waitpid(child, 0)
        for position in range(20, {inputs}):
            journal.settle(position, executed=position % 2 == 0)
        print(status >> 8)
        sys.stdout.flush()
        os.kill(os.getpid(), 9)
""".replace("{inputs}", str(INPUTS))

FIRST = """
def visit(outcome):
    if outcome.position == 0:
        exec(plan)
        print("ready")
        sys.stdout.flush()
        sys.stdin.readline()


run_map(visit)
"""

SECOND = """
try:
    run_map(lambda outcome: None)
except JournalError as error:
    print("refused:", error)
else:
    print("ran")
"""

ROUNDS = """
for line in sys.stdin:
    options["journal"] = line.strip()
    count = []
    try:
        run_map(count.append, range(6))
    except JournalError as error:
        assert "is in use" in str(error), error
    print(len(count))
    sys.stdout.flush()
"""


class Ledger:
    """Counts what runs."""

    def __init__(self) -> None:
        self.ran: "Counter[str]" = Counter()

    def answer(self, request: PeerRequest) -> bytes:
        self.ran[request.fields["Event"]] += 1
        return ok()

    def list_twice(self) -> "list[str]":
        return ["{} ran {} times".format(event, count) for event, count in self.ran.items() if count > 1]


def start(program: str, *args: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "ignore", "-c", FACES + program, *map(str, args)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True)


def finish(process: "subprocess.Popen[str]", said: str = "") -> str:
    try:
        return process.communicate(said, SECONDS)[0].strip()
    finally:
        process.kill()


def check_fork(folder: Path, face: str, end: str, mutation: str = "") -> "list[str]":
    """A map whose loop forks a child is killed, and run again."""
    path = str(folder / "run.db")
    ledger = Ledger()
    with Peer(answer=ledger.answer) as peer:
        killed = start(FORK, peer.url, path, face, end, mutation)
        finish(killed)
        assert killed.returncode == -9
        with Journal(path) as journal:
            known = journal.recorded
        finish(start(FORK, peer.url, path, face, "end", ""))
    with Journal(path) as journal:
        doubts = {str(call.position) for call in journal.in_doubt()}
    lost = [str(number) for number in range(INPUTS) if str(number) not in doubts | set(ledger.ran)]
    return ledger.list_twice() + lost + (["the journal knows {} inputs".format(known)] if known < 41 else [])


@pytest.mark.parametrize(
    ("face", "end"),
    [
        ("threads", "sys.exit"),
        pytest.param("threads", "error", marks=pytest.mark.proof),
        pytest.param("threads", "os._exit", marks=pytest.mark.proof),
        ("tasks", "sys.exit"),
    ],
)
def test_a_child_of_a_map_loses_nothing(tmp_path: Path, face: str, end: str) -> None:
    assert check_fork(tmp_path, face, end) == []


def test_a_child_that_closes_the_connection_is_caught(tmp_path: Path) -> None:
    assert check_fork(tmp_path, "threads", "sys.exit", NO_PIN) != []


def check_hold(folder: Path, end: str, mutation: str = "") -> "list[str]":
    """A program forks while it holds a journal, and settles what is in doubt; then it is killed."""
    path = str(folder / "run.db")
    with Journal(path, _identity=("ap-guangzhou", "default", "charge", "$LATEST")) as journal:
        for position in range(INPUTS):
            journal.enter(position, str(position), is_idempotent=False)
        journal.commit()
    code = finish(start(HOLD, "-", path, "-", end, mutation))
    with Journal(path) as journal:
        left = len(journal.in_doubt())
    found = ["{} are in doubt".format(left)] if left else []
    return found + (["the child ended by {}".format(code)] if code != ("1" if end == "error" else "0") else [])


@pytest.mark.parametrize(
    "end", ["sys.exit", *(pytest.param(end, marks=pytest.mark.proof) for end in ("error", "the last line"))]
)
def test_a_child_of_whoever_holds_a_journal_loses_nothing_and_is_refused(tmp_path: Path, end: str) -> None:
    assert check_hold(tmp_path, end) == []


@pytest.mark.parametrize("mutation", [NO_PIN, NO_PID])
def test_a_child_that_uses_its_parents_journal_is_caught(tmp_path: Path, mutation: str) -> None:
    assert check_hold(tmp_path, "sys.exit", mutation) != []


def check_two(folder: Path, spoil: str, name: str = "run.db", mutation: str = "") -> "list[str]":
    """While a map is under way, and something was done to its journal, another process runs the same."""
    ledger = Ledger()
    with Peer(answer=ledger.answer) as peer:
        first = start(FIRST, peer.url, folder / "run.db", "threads", spoil, mutation)
        try:
            assert first.stdout is not None
            assert first.stdout.readline() == "ready\n"
            said = finish(start(SECOND, peer.url, folder / name, "threads", "", mutation))
        finally:
            finish(first, "\n")
    assert len(ledger.ran) == INPUTS
    assert "run.db-lock" not in os.listdir(str(folder))
    return ledger.list_twice() + ([] if said.startswith("refused: the journal") else [said])


COPY = "shutil.copy(path, path + '.copy')\n"
REFUSED = "try:\n    run_map(lambda outcome: os._exit(3))\nexcept JournalError:\n    pass\n"
SPOILS = {
    "nothing": ("", "run.db"),
    "a second map was refused": (REFUSED, "run.db"),
    "it was copied": (COPY, "run.db"),
    "by a symbolic link": (COPY + "os.symlink(path, path + '.link')", "run.db.link"),
    "by a hard link": (COPY + "os.link(path, path + '.link')", "run.db.link"),
    "it was moved": ("os.rename(path, path + '.moved')", "run.db.moved"),
}


#: Of these, a test below takes the guard away.
GUARDED = ("it was copied", "by a hard link", "it was moved")


@pytest.mark.parametrize(
    "spoil", [pytest.param(spoil, marks=[] if spoil in GUARDED else pytest.mark.proof) for spoil in sorted(SPOILS)]
)
def test_two_processes_never_run_one_journal_at_once(tmp_path: Path, spoil: str) -> None:
    assert check_two(tmp_path, *SPOILS[spoil]) == []


@pytest.mark.parametrize(
    ("spoil", "mutation"),
    [
        ("it was copied", NO_LOCK),
        ("by a hard link", NO_LINK_CHECK),
        ("it was moved", NO_SQLITE_LOCK),
    ],
    ids=["no lock", "no link check", "no SQLite lock"],
)
def test_a_lock_that_is_missing_is_caught(tmp_path: Path, spoil: str, mutation: str) -> None:
    assert check_two(tmp_path, *SPOILS[spoil], mutation=mutation) != []


@pytest.mark.parametrize("face", ["threads", pytest.param("tasks", marks=pytest.mark.proof)])
def test_two_processes_that_begin_at_the_same_moment_run_no_input_twice(tmp_path: Path, face: str) -> None:
    ledger = Ledger()
    with Peer(answer=ledger.answer) as peer:
        rivals = [start(ROUNDS, peer.url, "-", face, "", "") for _ in range(2)]
        try:
            for number in range(ROUNDS_EACH):
                for rival in rivals:
                    assert rival.stdin is not None
                    rival.stdin.write("{}\n".format(tmp_path / str(number)))
                for rival in rivals:
                    rival.stdin.flush()  # type: ignore[union-attr]
                counts = [rival.stdout.readline() for rival in rivals]  # type: ignore[union-attr]
                assert "6\n" in counts, "one of them runs, and the other is refused or finds all results"
                assert set(counts) <= {"6\n", "0\n"}
        finally:
            for rival in rivals:
                finish(rival)
    assert sorted(ledger.ran.values()) == [ROUNDS_EACH] * 6
    assert sorted(os.listdir(str(tmp_path)), key=int) == [str(number) for number in range(ROUNDS_EACH)]


FULL = """
def note(error):
    print("the disk is full:", isinstance(error, JournalError) and "cannot be used" in str(error))


def fill_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def close_threads():
    client = Client(**keys)
    outcomes = client.map("charge", range({inputs}), **options)
    while next(outcomes).position != 2:
        pass
    fill_disk()
    try:
        outcomes.close()
    except JournalError as error:
        note(error)
    return client._pool.state


async def close_tasks():
    async with AsyncClient(**keys) as client:
        outcomes = client.map("charge", range({inputs}), **options)
        while (await outcomes.__anext__()).position != 2:
            pass
        fill_disk()
        asyncio.get_event_loop().set_exception_handler(lambda _, facts: note(facts["exception"]))
        try:
            await outcomes.aclose()
        except JournalError as error:
            note(error)
        await asyncio.sleep(0)
        return client._get_pool().state


options["concurrency"] = 8
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
state = close_threads() if face == "threads" else loop.run_until_complete(close_tasks())
loop.close()
print(state.opened == state.idle, sorted(os.listdir(os.path.dirname(path))))
""".replace("{inputs}", str(INPUTS))


@pytest.mark.parametrize("face", ["threads", pytest.param("tasks", marks=pytest.mark.proof)])
def test_a_full_disk_keeps_no_call_from_being_stopped_when_a_map_is_left(tmp_path: Path, face: str) -> None:
    path = str(tmp_path / "run.db")
    ledger = Ledger()
    refusal = json.dumps({"errorCode": -1, "errorMessage": "full", "requestId": "fn-1", "statusCode": 432})

    def answer(request: PeerRequest) -> bytes:
        if int(request.fields["Event"]) < 3:
            return ledger.answer(request)
        return http_answer(result_body(refusal, InvokeResult=432, ErrMsg="full"))

    with Peer(answer=answer) as peer:
        lines = finish(start(FULL, peer.url, path, face, "", "")).splitlines()
    assert lines == ["the disk is full: True", "True ['run.db', 'run.db-wal']"]
    with Peer(answer=ledger.answer) as peer:
        finish(start(SECOND, peer.url, path, face, "", ""))
    assert ledger.list_twice() == []
    with Journal(path) as journal:
        doubts = [call.position for call in journal.in_doubt()]
    assert {str(position) for position in doubts} | set(ledger.ran) == {str(number) for number in range(INPUTS)}
    assert set(doubts) <= set(range(3, 32))
