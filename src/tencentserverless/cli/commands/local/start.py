"""``scf local start``: serve the functions of a folder until told to stop."""

import contextlib
import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tencentserverless.cli.deploy.outputs import read_outputs
from tencentserverless.cli.function_options import read_packages, read_variables
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.url_lines import list_urls
from tencentserverless.cli.pace_option import INSTANT, PACES, read_pace
from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.settings import (
    CLOUD_SECONDS,
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_URL_PORT,
    LOG_FORMATS,
    REGION_NAME,
    STATE_FOLDER_NAME,
    Settings,
    passed_environment,
)

_PATH = click.Path(path_type=Path)
_READ_BYTES = 4096
_DEBUG_PORT = 5678  # the port that editors suggest for debugpy


@click.command()
@click.argument("path", type=_PATH, default=".")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 finds a free one."
)
@click.option("--ephemeral", is_flag=True, help="Keep nothing: new keys on every start.")
@click.option(
    "--state",
    type=_PATH,
    help="Folder of keys, functions from the API and past calls.  "
    f"[default: {STATE_FOLDER_NAME}/ beside PATH's functions]",
)
@click.option("--secret-file", type=_PATH, help="File with the key pair to use, as KEY=VALUE; chmod 600.")
@click.option("--env-file", type=_PATH, help="File to write when ready, for a shell to source.")
@click.option("--region", default="ap-guangzhou", show_default=True, help="Region of functions that name none.")
@click.option("--tls", is_flag=True, help="Serve HTTPS, with certificates of an authority of its own.")
@click.option(
    "--proxy-port",
    type=click.IntRange(0, 65535),
    help="Port of a proxy for clients whose endpoint is fixed, for HTTPS_PROXY; brings --tls.",
)
@click.option(
    "--url-port",
    type=click.IntRange(0, 65535),
    show_default=str(DEFAULT_URL_PORT),
    help="Port of function URLs in path form, for programs that find no name below localhost; 0 finds a free one.",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=1.0, max=100_000.0),
    default=1.0,
    show_default=True,
    help="Retries of asynchronous invocations come so many times faster than in the cloud.",
)
@click.option(
    "--pace",
    type=click.Choice(PACES),
    default=INSTANT,
    show_default=True,
    help="How fast changes through the API are done: with cloud, a function is Creating, Updating, Publishing or "
    "Deleting for a while.",
)
@click.option(
    "--pace-seconds",
    metavar="[STATE=]SECONDS",
    multiple=True,
    show_default=", ".join(f"{state}={seconds:g}" for state, seconds in CLOUD_SECONDS.items()),
    help="With --pace cloud: seconds that each state lasts; Creating=5 changes one state alone.",
)
@click.option(
    "--debug",
    "debugged",
    metavar="NAME[:PORT]",
    multiple=True,
    help=f"Run a function under debugpy; the port is {_DEBUG_PORT} unless it is given.",
)
@click.option(
    "--wait-for-client",
    is_flag=True,
    help="With --debug: load the function's code when a debugger is attached, so that it can stop there too.",
)
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    show_default=True,
    help="Of the line for each call; none shows failures alone. A terminal shows 20 calls a second.",
)
@click.option("--until-eof", is_flag=True, help="Stop when standard input ends, as with the program that started it.")
@click.option("--no-reload", is_flag=True, help="Do not follow changes of the functions' files.")
@click.option("--strict", is_flag=True, help="Refuse to start if a function can't be read, as for CI.")
@click.option(
    "--output",
    "outputs",
    metavar="STAGE:APP:INSTANCE.KEY=VALUE",
    multiple=True,
    help="Value of an ${output:...} that no function of PATH has; or @FILE with such lines.",
)
@click.option(
    "--isolation",
    type=click.Choice(["auto", "namespaces", "none"]),
    default="auto",
    show_default=True,
    envvar="TENCENTSERVERLESS_ISOLATION",
    show_envvar=True,
    help="What gives each instance a /tmp of its own and read-only code.",
)
@click.option(
    "--web-ports",
    type=click.Choice(["auto", "seccomp", "shims", "single"]),
    default="auto",
    show_default=True,
    envvar="TENCENTSERVERLESS_WEB_PORTS",
    show_envvar=True,
    help="What lets several instances of web functions listen on port 9000; single runs one at a time.",
)
@click.option("--shared-tmp", is_flag=True, help="Functions have this machine's /tmp, not one of their own.")
@click.option(
    "--share",
    "shared",
    type=_PATH,
    metavar="PATH",
    multiple=True,
    help="A file or folder below /tmp that functions see and may write, such as a database's socket.",
)
@click.option(
    "--variable",
    "variables",
    metavar="NAME.KEY=VALUE",
    multiple=True,
    help="Variable of the function NAME for this run alone; it is not deployed.",
)
@click.option("--variables", "variables_file", type=_PATH, metavar="FILE", help="File with lines NAME.KEY=VALUE.")
@click.option(
    "--packages",
    metavar="[NAME=]DIR",
    multiple=True,
    help="Folder of packages for functions, or for NAME alone; a .venv stands for what is installed in it.",
)
@click.option(
    "--cos",
    type=_PATH,
    metavar="DIR",
    help="Folder that holds BUCKET/OBJECT: code that the API names as an object of COS comes from there.",
)
@click.option("--unlisted", is_flag=True, help="Let --local and scf local list not find it from other folders.")
@click.option("--strict-runtimes", is_flag=True, help="Refuse to start if the interpreter of a runtime is missing.")
def start(
    *,
    path: Path,
    host: str,
    port: int,
    ephemeral: bool,
    state: Path | None,
    secret_file: Path | None,
    env_file: Path | None,
    region: str,
    tls: bool,
    proxy_port: int | None,
    url_port: int | None,
    time_scale: float,
    pace: str,
    pace_seconds: tuple[str, ...],
    debugged: tuple[str, ...],
    wait_for_client: bool,
    log_format: str,
    until_eof: bool,
    no_reload: bool,
    strict: bool,
    outputs: tuple[str, ...],
    isolation: str,
    web_ports: str,
    shared_tmp: bool,
    shared: tuple[Path, ...],
    variables: tuple[str, ...],
    variables_file: Path | None,
    packages: tuple[str, ...],
    cos: Path | None,
    unlisted: bool,
    strict_runtimes: bool,
) -> None:
    """Serve the functions of PATH: serverless.yml files and others, or folders with an index.py.

    A function that can't be read is named with all that is wrong with it, and the others are served. What functions
    print is shown as it comes; on a terminal a table of functions and calls stands below it.
    """
    _check(path, region, ephemeral=ephemeral, state=state, waits=wait_for_client, debugged=debugged)
    settings = Settings(
        project=path,
        **_network(host, port, proxy_port, url_port, tls=tls),
        state=None if ephemeral else state or path / STATE_FOLDER_NAME,
        secret_file=secret_file,
        env_file=env_file,
        region=region,
        strict=strict,
        outputs=read_outputs(outputs),
        variables=read_variables(variables, variables_file),
        packages=read_packages(packages),
        cos=_check_cos(cos),
        strict_runtimes=strict_runtimes,
        isolation=isolation,
        web_ports=web_ports,
        shared_tmp=shared_tmp,
        shared_folders=_check_shared(shared),
        is_listed=not unlisted,
        time_scale=time_scale,
        pace=read_pace(pace, pace_seconds),
        follows_files=not no_reload,
        debug_ports=_debug_ports(debugged),
        waits_for_debugger=wait_for_client,
        log_format=log_format,
        passed_environment=passed_environment(),
    )
    _serve(settings, until_eof=until_eof)


def _serve(settings: Settings, *, until_eof: bool) -> None:
    """Serve, and show the functions on a terminal.

    :raises StartupError: if the server can't start
    """
    from tencentserverless.cli.output.live_table import LiveTable, ReadStatus
    from tencentserverless.local.serve import find_holder, serve

    notify = _notify_json if settings.log_format == "json" else printing.notice
    has_status = bool(settings.state or settings.env_file)
    with LiveTable() as table:

        def announce(url: str, read_status: ReadStatus, make_link: Callable[[], str]) -> None:
            printing.answer(f"SCF local ready at {url}")
            for line in list_urls(read_status()["urls"], has_status=has_status):
                notify(line)
            _tell_dashboard(url, make_link, notify)
            table.show(read_status)
            _watch_input(until_eof)

        try:
            serve(settings, announce, notify)
        except StartupError as error:
            is_taken = error.reason is Reason.ADDRESS and str(error).startswith(f"port {settings.port} of ")
            holder = find_holder(settings.port) if is_taken else None
            if holder is None:
                raise
            cure = f"scf local stop --state {shlex.quote(holder['source'])}"
            words = f"the local SCF of {holder['project']} listens there; to stop it: {cure}"
            raise StartupError(Reason.ADDRESS, f"{error}\n{words}") from error


def _network(host: str, port: int, proxy_port: int | None, url_port: int | None, *, tls: bool) -> dict[str, Any]:
    """Return the settings of the sockets. The proxy leads to the TLS server."""
    ports = {"port": port, "proxy_port": proxy_port, "url_port": url_port}
    return {"host": host, **ports, "tls": tls or proxy_port is not None}


def _check(
    path: Path, region: str, *, ephemeral: bool, state: Path | None, waits: bool, debugged: tuple[str, ...]
) -> None:
    """Check options that exclude or need each other, then the folder and its region.

    :raises click.UsageError: if two don't go together
    :raises click.BadParameter: if the region is none
    :raises StartupError: if the folder is none
    """
    if ephemeral and state:
        raise click.UsageError("--ephemeral keeps nothing and --state keeps it in a folder: choose one")
    if waits and not debugged:
        raise click.UsageError("--wait-for-client waits for the debugger of a function: name it with --debug")
    _check_place(path, region)


def _check_place(path: Path, region: str) -> None:
    """Check the functions' folder, and their region.

    :raises click.BadParameter: if the region is none
    :raises StartupError: if the folder is none
    """
    if not REGION_NAME.match(region):
        raise click.BadParameter(f"{region!r} is no region; give one such as ap-guangzhou", param_hint="--region")
    if not path.is_dir():
        problem = "not a folder" if path.exists() else "no such folder"
        raise StartupError(Reason.PROJECT, f"{path}: {problem}; give the folder of your functions")


def _tell_dashboard(url: str, make_link: Callable[[], str], notify: Callable[[str], None]) -> None:
    """Tell where the dashboard is. A link that signs a browser in is for a terminal alone: a log would keep it."""
    if notify is printing.notice and printing.is_terminal(sys.stderr) and (link := make_link()):
        notify(f"the dashboard: {link} (good once, for two minutes; scf local open makes another link)")
    else:
        notify(f"the dashboard: {url}/_local/, opened by: scf local open")


def _notify_json(line: str) -> None:
    """Print a line beside the answer in the form of the log."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    printing.remark(json.dumps({"time": now, "line": line}, ensure_ascii=False))


def _watch_input(until_eof: bool) -> None:
    if until_eof:
        threading.Thread(target=_stop_at_eof, name="scf-until-eof", daemon=True).start()


def _stop_at_eof() -> None:
    """Wait until standard input ends, and stop the server as SIGTERM does."""
    with contextlib.suppress(OSError):
        while os.read(0, _READ_BYTES):  # the descriptor itself: a thread in a read of sys.stdin would hold its lock
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _check_shared(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    for path in paths:
        if not path.exists():
            raise click.BadParameter(f"{path}: no such file or folder", param_hint="--share")
    return paths


def _check_cos(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        problem = "not a folder" if path.exists() else "no such folder"
        raise click.BadParameter(f"{path}: {problem}; it holds objects as BUCKET/OBJECT", param_hint="--cos")
    return path


def _debug_ports(debugged: tuple[str, ...]) -> dict[str, int]:
    """Read ``NAME`` and ``NAME:PORT`` texts; the value is the port of each function."""
    ports: dict[str, int] = {}
    for text in debugged:
        name, colon, port = text.partition(":")
        number = int(port) if port.isascii() and port.isdigit() else _DEBUG_PORT if not colon else 0
        if not name or not 0 < number < 65536:
            raise click.BadParameter(f"{text!r} is not NAME or NAME:PORT", param_hint="--debug")
        if number in ports.values() or name in ports:
            raise click.BadParameter(f"{text!r}: the name or the port stands twice", param_hint="--debug")
        ports[name] = number
    return ports
