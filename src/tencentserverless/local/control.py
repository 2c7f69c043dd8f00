"""Controls a running local SCF, found by its state folder or by the file of its --env-file."""

import contextlib
import http.client
import json
import shlex
import shutil
import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tencentserverless._core.wire import DEFAULT_NAMESPACE
from tencentserverless.local import private_files, state_dir
from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.running_servers import RunningServer, list_servers
from tencentserverless.local.settings import (
    DIRECT_VARIABLES,
    STATE_FOLDER_NAME,
    TRUST_VARIABLES,
    present_value,
    trust_of_ours,
)

JsonObject = dict[str, Any]

_CONNECT_SECONDS = 2.0
_ADMIN_SECONDS = 30.0
_STOP_SECONDS = 15.0
_LOOK_SECONDS = 0.05


def find_state(start: Path) -> Path:
    """Return the state folder of the project around a folder: its own, or that of the nearest parent folder.

    :return: the folder's own state folder if there is none, for an error message
    """
    folder = start.resolve()
    found = (each / STATE_FOLDER_NAME for each in (folder, *folder.parents) if (each / STATE_FOLDER_NAME).is_dir())
    return next(found, start / STATE_FOLDER_NAME)


def find_server(start: Path) -> Path:
    """Return the state folder or the env file of a running server: of the project around a folder, else the only one.

    :raises StartupError: if none runs, or it is not clear which one is meant
    """
    state = find_state(start)
    if _is_running(state):
        return state
    servers = list_servers()
    sources = [server.source for server in servers if server.source and _is_running(server.source)]
    if len(sources) == 1 and not state.is_dir():
        return sources[0]
    raise StartupError(Reason.STATE, _no_server(start, state, servers))


def choose_source(place: Path) -> Path:
    """Return the state folder or the env file that a path means: the path itself, or the state folder in it."""
    return place / STATE_FOLDER_NAME if (place / STATE_FOLDER_NAME).is_dir() else place


def describe_servers() -> list[JsonObject]:
    """List this user's running servers, the oldest first.

    :return: of each ``url`` (None where it is not known), ``project``, ``source``, ``pid``, and ``started_at`` in UNIX
        seconds
    """
    return [
        {
            "url": _url_of(server),
            "project": str(server.project),
            "source": str(server.source) if server.source else None,
            "pid": server.pid,
            "started_at": server.started_at,
        }
        for server in list_servers()
    ]


def find_holder(port: int) -> JsonObject | None:
    """Return the running server of this user whose address has a port, as ``describe_servers`` has it; else None."""
    return next((each for each in describe_servers() if each["url"] and urlsplit(each["url"]).port == port), None)


def _url_of(server: RunningServer) -> str | None:
    with contextlib.suppress(StartupError):
        return read_environment(server.source)[state_dir.ENDPOINT_VARIABLE] if server.source else None
    return None


def _is_running(source: Path) -> bool:
    with contextlib.suppress(StartupError):
        return bool(read_environment(source))
    return False


def _no_server(start: Path, state: Path, servers: list[RunningServer]) -> str:
    """The message for a folder from which no server is found; it names those that run elsewhere."""
    here = f"from {shlex.quote(str(state))}" if state.is_dir() else f"from {start.resolve()} or a folder above"
    named = [
        f"{shlex.quote(str(server.source))} ({_url_of(server) or 'starting'})" for server in servers if server.source
    ]
    if named:
        runs = "one runs" if len(named) == 1 else f"{len(named)} run"
        return f"no local SCF runs {here}; {runs} elsewhere: {', '.join(named)}; choose with --state or --env-file"
    if servers:
        return f"no local SCF runs {here}; one runs without --state and --env-file, and so can't be found"
    return f"no local SCF runs {here}; start one with: scf local start"


def running_environment(source: Path) -> dict[str, str]:
    """Return the variables that make a client call the running server.

    :param source: the state folder of a server, or the file of its --env-file
    :raises StartupError: if no server runs there
    """
    variables = read_environment(source)
    only_with_tls = (*TRUST_VARIABLES, state_dir.PROXY_VARIABLE)
    names = (*state_dir.ENV_VARIABLES, *(name for name in only_with_tls if name in variables))
    direct = state_dir.direct_hosts(variables[state_dir.ENDPOINT_VARIABLE], present_value(*DIRECT_VARIABLES))
    return {**{name: variables.get(name, "") for name in names}, **direct}


def read_environment(source: Path) -> dict[str, str]:
    """Return all variables that the server has written, including its admin token.

    :raises StartupError: if no server runs there
    """
    path = state_dir.environment_file(source) if source.is_dir() else source
    try:
        variables = private_files.read_variables(path)
    except (OSError, ValueError):
        variables = {}
    url = variables.get(state_dir.ENDPOINT_VARIABLE, "")
    if not url or not _answers(url):
        raise StartupError(
            Reason.STATE, f"no local SCF runs from {shlex.quote(str(source))}; start one with: scf local start"
        )
    return variables


def leaving_variables() -> list[str]:
    """Return the variables to unset, so that clients call the cloud again. Root files of other programs stay."""
    direct = [] if leaving_exports() else DIRECT_VARIABLES
    return [*state_dir.ENV_VARIABLES, state_dir.PROXY_VARIABLE, *trust_of_ours(), *direct]


def leaving_exports() -> dict[str, str]:
    """Return the variables to set, so that clients call the cloud again: the user's own hosts without a proxy."""
    url, present = present_value(state_dir.ENDPOINT_VARIABLE), present_value(*DIRECT_VARIABLES)
    kept = state_dir.leave_direct_hosts(url, present) if url else present
    return dict.fromkeys(DIRECT_VARIABLES, kept) if kept else {}


def ask(variables: Mapping[str, str], method: str, place: str, content: object = None) -> tuple[int, JsonObject]:
    """Send a request to a server's own endpoint, ``/_local/``; return the HTTP status and the answer.

    :param variables: all variables that the server has written, including its admin token
    :raises OSError: if there is no answer
    """
    headers = {"Authorization": f"Bearer {variables.get(state_dir.ADMIN_TOKEN_VARIABLE, '')}"}
    with contextlib.closing(_connect(variables)) as connection:
        connection.request(method, f"/_local/{place}", None if content is None else json.dumps(content), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def server_status(source: Path) -> JsonObject:
    """Return the status of a server: its URL, its pid, its functions, and the instances and calls of this moment.

    :param source: the state folder of a server, or the file of its --env-file
    :raises StartupError: if no server runs there
    """
    variables = read_environment(source)
    return {"url": variables[state_dir.ENDPOINT_VARIABLE], **_asked(source, variables, "GET", "status")}


def find_functions(url: str, start: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the functions of the server at a URL, as ``REGION/NAMESPACE/NAME``; none if its token is not found.

    :param start: the token is looked for in the state folder of the project around this folder
    :param environment: or in these variables
    """
    known = [environment]
    with contextlib.suppress(StartupError):
        known.append(read_environment(find_state(start)))
    for variables in known:
        if variables.get(state_dir.ENDPOINT_VARIABLE) == url and state_dir.ADMIN_TOKEN_VARIABLE in variables:
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                status, found = ask(variables, "GET", "status")
                if status == 200:
                    functions: list[str] = found["functions"]
                    return functions
    return []


def curl_line(source: Path, function: str) -> str:
    """Return a command line that calls a function without a signature. It holds the admin token.

    :param function: region, namespace and name, as ``server_status`` lists it
    :raises StartupError: if no server runs there
    """
    variables = read_environment(source)
    region, namespace, name = function.split("/")
    query = {}
    if namespace != DEFAULT_NAMESPACE:
        query["namespace"] = namespace
    if region != variables.get(state_dir.REGION_VARIABLE):
        query["region"] = region
    url = f"{variables[state_dir.ENDPOINT_VARIABLE]}/_local/invoke/{name}{'?' if query else ''}{urlencode(query)}"
    words = ["curl", "-d", "{}", "-H", f"Authorization: Bearer {variables.get(state_dir.ADMIN_TOKEN_VARIABLE, '')}"]
    if url.startswith("https:"):
        words += ["--cacert", variables[TRUST_VARIABLES[0]]]
    return shlex.join([*words, url])


def server_lines(source: Path, after: int = 0) -> tuple[list[str], int]:
    """Return lines that a server has written to its terminal: the last ones, at most 2,000, and the number of all.

    :param after: skip this many lines, a count from the last answer
    :raises StartupError: if no server runs there
    """
    found = _asked(source, read_environment(source), "GET", f"logs?after={after}")
    return found["lines"], found["count"]


def read_dead_letters(source: Path, name: str | None, count: int) -> list[JsonObject]:
    """Return the last dead letters of a server, the oldest first.

    :param name: of a function; None for all functions
    :raises StartupError: if no server runs there
    """
    query = urlencode({"count": count, **({"function": name} if name else {})})
    letters: list[JsonObject] = _asked(source, read_environment(source), "GET", f"dead-letters?{query}")["letters"]
    return letters


def make_link(source: Path) -> str:
    """Return a link to the dashboard that signs one browser in, once, within two minutes.

    :raises StartupError: if no server runs there, or it serves no dashboard
    """
    link: str = _asked(source, read_environment(source), "POST", "links")["url"]
    return link


def is_link_used(source: Path, link: str) -> bool:
    """True if a browser has opened a link, or it is too old.

    :raises StartupError: if no server runs there
    """
    return bool(_asked(source, read_environment(source), "PUT", "links", {"url": link})["is_used"])


def reset_server(source: Path) -> None:
    """Remove all faults, and empty the ledger.

    :raises StartupError: if no server runs there
    """
    variables = read_environment(source)
    for place in ("faults", "ledger"):
        _asked(source, variables, "DELETE", place)


def stop_server(source: Path, *, is_hurried: bool = False) -> None:
    """Stop a server as Ctrl-C does, and wait until it has ended.

    :param is_hurried: end running calls now, without the four seconds of drain time
    :raises StartupError: if no server runs there, or it does not end
    """
    variables = read_environment(source)
    pid = _asked(source, variables, "POST", f"stop?now={int(is_hurried)}")["pid"]
    deadline = time.monotonic() + _STOP_SECONDS
    while _answers(variables[state_dir.ENDPOINT_VARIABLE]) or _runs(pid):
        if time.monotonic() > deadline:
            raise StartupError(Reason.STATE, f"the local SCF (process {pid}) does not end; to kill it: kill -9 {pid}")
        time.sleep(_LOOK_SECONDS)


def forget_state(folder: Path) -> list[str]:
    """Remove the data of a stopped server, except its keys and certificates.

    :return: the names of the removed entries
    :raises StartupError: if the folder is no state folder, or a server runs from it
    """
    if not state_dir.is_state_folder(folder):
        raise StartupError(Reason.STATE, f"{shlex.quote(str(folder))} is no state folder of a local SCF")
    gone = []
    with state_dir.StateFolder(folder).held():
        for entry in sorted(folder.iterdir()):
            if entry.name not in state_dir.KEPT_NAMES:
                gone.append(entry.name)
                if entry.is_dir() and not entry.is_symlink():
                    _remove_folder(entry)
                else:
                    entry.unlink()
    return gone


def _remove_folder(folder: Path) -> None:
    """Remove a folder that may contain folders without write permission, as code has none.

    :raises OSError: if the folder can't be removed
    """
    private_files.let_write(folder)
    shutil.rmtree(folder)


def _asked(source: Path, variables: Mapping[str, str], method: str, place: str, content: object = None) -> JsonObject:
    try:
        status, found = ask(variables, method, place, content)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise StartupError(
            Reason.STATE, f"what runs at the address in {shlex.quote(str(source))} is no local SCF: {error}"
        ) from error
    if status != 200:
        raise StartupError(Reason.STATE, f"the local SCF of {shlex.quote(str(source))} refuses: {found.get('error')}")
    return found


def _connect(variables: Mapping[str, str]) -> http.client.HTTPConnection:
    url = urlsplit(variables[state_dir.ENDPOINT_VARIABLE])
    if url.scheme == "http":
        return http.client.HTTPConnection(url.netloc, timeout=_ADMIN_SECONDS)
    context = ssl.create_default_context(cafile=variables[TRUST_VARIABLES[0]])
    return http.client.HTTPSConnection(url.netloc, timeout=_ADMIN_SECONDS, context=context)


def _runs(pid: int) -> bool:
    """True if a server runs as this process. A zombie is none, and neither is another program with the same pid."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(
            "tencentserverless" in word or word.endswith("scf") for word in process.cmdline()
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _answers(url: str) -> bool:
    """True if a server listens at a URL."""
    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), _CONNECT_SECONDS):
            return True
    except (OSError, ValueError):
        return False
