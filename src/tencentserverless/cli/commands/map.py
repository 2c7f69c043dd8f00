"""``scf map``: call a function for each line of a file."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from tencentserverless.cli.api.target import Place, Target, choose_target, target_options
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing

_PATH = click.Path(path_type=Path)
_MAX_LINE_CHARACTERS = 16 * 1024 * 1024  # an event holds 6 MB
_WIDE = 64  # connections of a client; a wider map needs more


@click.command("map")
@click.argument("name")
@click.argument("source", metavar="[IN]", default="-", type=_PATH)
@click.option("-o", "--output", "out", type=_PATH, help="File for the outcomes.  [default: standard output]")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=32, show_default=True, help="Calls at once.")
@click.option("--unordered", is_flag=True, help="Write outcomes as they end; each names its position.")
@click.option("--journal", type=_PATH, help="File that lets a run that was cut go on.  [default: OUT.journal]")
@click.option("--resume", is_flag=True, help="Go on with a run that was cut.")
@click.option("--max-errors", type=click.IntRange(min=1), metavar="N", help="Stop at so many inputs without a result.")
@click.option("--idempotent", is_flag=True, help="The function may run twice for an input.")
@click.option("--qualifier", default="$LATEST", show_default=True, help="Version or alias.")
@click.option("--timeout", type=click.FloatRange(min=0.001), help="Seconds for each call.  [default: 910]")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@target_options
def map_command(
    *,
    name: str,
    source: Path,
    out: Path | None,
    concurrency: int,
    unordered: bool,
    journal: Path | None,
    resume: bool,
    max_errors: int | None,
    idempotent: bool,
    qualifier: str,
    timeout: float | None,
    as_json: bool,
    place: Place,
) -> int:
    """Call the function NAME for each line of IN, which is JSON Lines; - is standard input.

    A line of the output is {"position": 0, "result": ...} or {"position": 0, "error": {...}}. A summary goes to stderr.
    With -o or --journal a run that was cut goes on with --resume: what has a result is not sent again. The journal is
    removed when every input has a result.
    """
    kept = journal or (Path(f"{out}.journal") if out else None)
    _check_journal(kept, resume)
    target = choose_target(place)
    options: dict[str, Any] = {"namespace": place.namespace, "qualifier": qualifier, "idempotent": idempotent}
    if timeout is not None:
        options["timeout"] = timeout
    limits: dict[str, Any] = {"concurrency": concurrency, "ordered": not unordered, "journal": kept}
    run = _Run(name, kept, max_errors)
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(target.open_client(max_connections=max(_WIDE, concurrency)))
        inputs = _read_lines(stack.enter_context(_open_input(source)), source)
        try:
            outcomes = stack.enter_context(client.map(name, inputs, return_exceptions=True, **limits, **options))
        except ValueError as error:  # nothing was sent: the journal can't be used, or the name is not valid
            raise _unusable(str(error)) from error
        try:
            run.write_all(outcomes, stack.enter_context(_open_output(out)), _count_lines(source), target)
            outcomes.close()  # waits for calls under way, which may still change what is in doubt
        except KeyboardInterrupt:
            raise run.interrupted() from None
        run.conclude(target, as_json)
    run.tidy()
    return run.exit_code


class _Run:
    """One run of a map: its counts, and its exit code.

    :param journal: the path of the journal, None if there is none
    """

    def __init__(self, name: str, journal: Path | None, max_errors: int | None) -> None:
        from tencentserverless.cli.output.map_summary import MapSummary

        self._name = name
        self._journal = journal
        self._max_errors = max_errors
        self._summary = MapSummary()
        self._obstacle: Exception | None = None  # an error that every further call would meet

    @property
    def exit_code(self) -> Exit:
        """The exit code: OK if every input has a result."""
        return Exit.PARTLY if self._summary.errors else Exit.OK

    def write_all(self, outcomes: Any, sink: IO[str], total: int | None, target: Target) -> None:
        """Write the outcomes as they come, until an error shows that no further call can succeed."""
        from tencentserverless.cli.output.map_progress import MapProgress, describe_outcome
        from tencentserverless.journal import JournalError

        try:
            with MapProgress(total) as progress:
                try:
                    for outcome in outcomes:
                        if _concerns_every_call(outcome, target):
                            self._obstacle = outcome
                            return
                        self._summary.add(outcome)
                        sink.write(json.dumps(describe_outcome(outcome), ensure_ascii=False) + "\n")
                        progress.show(outcomes, self._summary)
                        if self._max_errors is not None and self._summary.errors >= self._max_errors:
                            return
                    self._summary.is_complete = not self._summary.errors
                finally:
                    progress.show(outcomes, self._summary, is_last=True)
        except JournalError as error:
            raise _unusable(str(error)) from error

    def interrupted(self) -> Exception:
        """The failure after Ctrl-C: what has a result, what may have run, and how to go on."""
        from tencentserverless.cli.output.failures import Failure

        counts = f"{self._summary.done} inputs have a result, {self._summary.errors} have none"
        if self._journal is None:
            advice = "inputs that were under way may have run; with -o FILE a run can go on"
        else:
            advice = "go on with the same command and --resume"
        return Failure(Exit.INTERRUPTED, f"interrupted; {counts}; {advice}")

    def conclude(self, target: Target, as_json: bool) -> None:
        """Print the summary.

        :raises Exception: the error that every further call would meet
        """
        from tencentserverless.cli.output.map_summary import write_causes, write_summary

        if self._obstacle is None or self._summary.done or self._summary.errors:
            figures = self._summary.sum_up(_find_memory(target, self._name))
            if as_json:
                printing.remark(json.dumps(figures))
            else:
                lines = [*write_summary(figures), *self._summary.draw_histogram()]
                printing.remark("\n".join([*lines, *write_causes(self._summary.causes())]))
            self._advise()
        if self._obstacle is not None:
            raise self._stopped(self._obstacle, target)

    def tidy(self) -> None:
        """Remove the journal, if nothing is left to resume."""
        if self._journal is not None and self._summary.is_complete:
            self._journal.unlink()

    def _advise(self) -> None:
        """Say how the inputs without a result can be sent again."""
        failed, in_doubt = self._summary.failed, self._summary.in_doubt
        if self._max_errors is not None and failed + in_doubt >= self._max_errors:
            printing.notice(f"stopped at {failed + in_doubt} inputs without a result, as --max-errors says")
        if in_doubt:
            printing.notice(f'{in_doubt} in doubt may have run: their lines have "executed": "maybe"')
        if failed + in_doubt and self._journal is None:
            printing.notice("with -o FILE or --journal FILE, inputs without a result can be sent again")
        elif failed + in_doubt:
            again = "add --resume --idempotent: the function may run twice for an input"
            printing.notice(f"{failed + in_doubt} inputs have no result; to send them again, {again}")

    def _stopped(self, obstacle: Exception, target: Target) -> Exception:
        """The failure for an error that every further call would meet. A journal without any outcome is removed."""
        from tencentserverless.cli.api.actions import Api, is_missing
        from tencentserverless.cli.output.failures import no_local_server
        from tencentserverless.exception import ConnectError
        from tencentserverless.journal import Journal

        if self._journal is not None and not (self._summary.done or self._summary.errors):
            with Journal(self._journal) as journal:
                is_needed = bool(journal.in_doubt())
            if not is_needed:
                self._journal.unlink()
        if is_missing(obstacle):
            return Api(target).no_function(self._name, str(getattr(obstacle, "code", "")), str(obstacle))
        return no_local_server(target.url) if isinstance(obstacle, ConnectError) else obstacle


def _concerns_every_call(outcome: Any, target: Target) -> bool:
    """True for an error that no other input could avoid: no such function, no right to call it, no server."""
    from tencentserverless.exception import AuthFailure, ConnectError, CredentialError, ResourceNotFound

    if not isinstance(outcome, Exception):
        return False
    category = str(getattr(outcome, "code", "")).partition(".")[0]
    return (
        isinstance(outcome, (AuthFailure, CredentialError, ResourceNotFound))
        or category in ("UnauthorizedOperation", "UnsupportedOperation")
        or (isinstance(outcome, ConnectError) and target.is_local)
    )


def _check_journal(journal: Path | None, resume: bool) -> None:
    if resume and journal is None:
        raise click.UsageError("--resume needs the journal of the run that was cut: give -o or --journal")
    if not resume and journal is not None and journal.exists():
        raise click.UsageError(f"{journal} is of an earlier run: go on with --resume, or remove it to begin anew")


@contextlib.contextmanager
def _open_input(source: Path) -> Iterator[IO[str]]:
    if str(source) == "-":
        yield sys.stdin
        return
    try:
        file = source.open(encoding="utf-8")
    except OSError as error:
        raise _unusable(f"{source}: {error.strerror}") from error
    with file:
        yield file


@contextlib.contextmanager
def _open_output(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        file = out.open("w", encoding="utf-8")
    except OSError as error:
        raise _unusable(f"{out}: {error.strerror}") from error
    with file:
        yield file


def _unusable(message: str) -> Exception:
    from tencentserverless.cli.output.failures import Failure

    return Failure(Exit.INPUT, message)


def _read_lines(lines: IO[str], source: Path) -> Iterator[Any]:
    """Read the events. Blank lines are skipped."""
    from tencentserverless.cli.api.event_input import parse_json

    origin = "standard input" if str(source) == "-" else str(source)
    number = 0
    try:
        while line := lines.readline(_MAX_LINE_CHARACTERS):
            number += 1
            if len(line) == _MAX_LINE_CHARACTERS:
                raise _unusable(f"{origin}, line {number}: it is longer than {_MAX_LINE_CHARACTERS} characters")
            if line.strip():
                yield parse_json(line.rstrip("\n"), origin, number)
    except UnicodeDecodeError:
        raise _unusable(f"{origin}, line {number + 1}: not a text in UTF-8") from None


def _count_lines(source: Path) -> int | None:
    """Count the inputs for the progress bar; None for standard input, or if stderr is no terminal."""
    if str(source) == "-" or not sys.stderr.isatty():
        return None
    with source.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _find_memory(target: Target, name: str) -> int | None:
    """The memory of the function in MB, None if the API does not tell it."""
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.output.failures import Failure
    from tencentserverless.exception import TencentCloudSDKException

    try:
        found = Api(target).call("GetFunction", FunctionName=name, Namespace=target.namespace)
    except (TencentCloudSDKException, Failure):  # these keys may have the right to call, but not to read
        return None
    memory = found.get("MemorySize")
    return memory if isinstance(memory, int) else None
