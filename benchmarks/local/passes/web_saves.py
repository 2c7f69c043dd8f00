"""A saved file of a web function: the time until its new answer is there, over the start of the app itself."""

from __future__ import annotations

import contextlib
import http.client
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.local.passes.web import call_api, find_missing, find_url, write_start
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import Running, launch, read_errors, start_ours
from benchmarks.report import show, write_table
from benchmarks.responder import HOST, find_ports
from benchmarks.targets import Target

NAME = "saved"
POLL_SECONDS = 0.005
LIVE_SECONDS = 30.0
#: Between two saves: that one is over when the next one begins.
PAUSE_SECONDS = 1.0
APP = """
import sys, uvicorn
VERSION = b"version NUMBER"
HEAD = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(VERSION))]
async def app(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": HEAD})
        await send({"type": "http.response.body", "body": VERSION})
if __name__ == "__main__":
    uvicorn.run(app, host=sys.argv[1], port=int(sys.argv[2]), log_level="warning", access_log=False)
"""
MANIFEST = f"""
component: scf
name: {NAME}
inputs:
  name: {NAME}
  src: .
  type: web
  runtime: Python3.10
  memorySize: 256
  timeout: 60
  events:
    - http:
        name: url
        parameters:
          authType: NONE
          netConfig: {{enableExtranet: true, enableIntranet: false}}
"""


@dataclass(frozen=True)
class Save:
    """One pair: seconds from the save to the first new answer, and from the command of the app to its first answer.

    :ivar failed: requests meanwhile that the web function did not answer, neither as it was nor as it is
    """

    live_seconds: float
    start_seconds: float
    failed: int = 0

    @property
    def over_seconds(self) -> float:
        return self.live_seconds - self.start_seconds


@dataclass
class Figures:
    """The pairs, and the reason if there are none."""

    saves: list[Save] = field(default_factory=list)
    missing: str = ""

    def median(self, attribute: str) -> float | None:
        """The median of a figure, None if there is none."""
        return statistics.median(float(getattr(save, attribute)) for save in self.saves) if self.saves else None


def write_app(number: int) -> str:
    """Write the app that answers with this number."""
    return APP.replace("NUMBER", str(number))


def write_project(folder: Path) -> None:
    """Write the folder of the web function, as a user would."""
    folder.mkdir(parents=True)
    (folder / "serverless.yml").write_text(MANIFEST)
    (folder / "app.py").write_text(write_app(0))
    (folder / "scf_bootstrap").write_text(write_start("0.0.0.0 9000"))
    (folder / "scf_bootstrap").chmod(0o755)


def find_address(server: Running) -> tuple[int, str]:
    """Find the port and the path of the function's URL."""
    found = call_api(server, "ListTriggers", {"FunctionName": NAME})["Triggers"]
    url = find_url(json.loads(found[0]["TriggerDesc"]))  # type: ignore[index]
    return url.port or 0, url.path + "/"


def ask(port: int, path: str) -> tuple[int, bytes]:
    """Ask over a new connection; the status is 0 if there is no answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=LIVE_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def await_version(port: int, path: str, number: int, began: float) -> tuple[float, int]:
    """Ask until the answer has this number. The value is the seconds since it began, and the failed requests.

    :raises RuntimeError: if it does not come in time
    """
    failed, status, body = 0, 0, b""
    while time.perf_counter() - began < LIVE_SECONDS:
        status, body = ask(port, path)
        if body == b"version %d" % number:
            return time.perf_counter() - began, failed
        failed += not body.startswith(b"version ") or status != http.HTTPStatus.OK
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"version {number} was not there after {LIVE_SECONDS} s: {status} {body[:300]!r}")


def start_alone(folder: Path, number: int) -> float:
    """Start the app alone; the value is the seconds until its first answer."""
    folder.mkdir()
    (folder / "app.py").write_text(write_app(number))
    (port,) = find_ports(1)
    with launch([sys.executable, "app.py", HOST, str(port)], folder) as (process, began):
        try:
            seconds, _ = await_version(port, "/", number, began)
        except RuntimeError as error:
            raise RuntimeError(f"the app alone, {process.poll()}: {read_errors(folder)}") from error
        return seconds


def save(port: int, path: str, folder: Path, number: int) -> tuple[float, int]:
    """Save another version; the value is the seconds until it answers, and the failed requests."""
    began = time.perf_counter()
    (folder / "app.py").write_text(write_app(number))
    return await_version(port, path, number, began)


def measure(context: PassContext) -> Figures:
    """Save and start in turns. The first pair warms the disk's caches and writes bytecode."""
    figures = Figures(missing=find_missing())
    if figures.missing:
        return figures
    with contextlib.ExitStack() as stack:
        root, alone = context.make_folder(), context.make_folder()
        folder = root / "functions" / NAME
        write_project(folder)
        server = stack.enter_context(start_ours(root, (), ("--log-format", "none")))
        port, path = find_address(server)
        await_version(port, path, 0, time.perf_counter())
        for number in range(1, context.plan.save_rounds + 2):
            time.sleep(PAUSE_SECONDS)
            start_seconds = start_alone(alone / str(number), number) if number % 2 else 0.0
            live_seconds, failed = save(port, path, folder, number)
            time.sleep(PAUSE_SECONDS)
            start_seconds = start_seconds or start_alone(alone / str(number), number)
            if number > 1:
                figures.saves.append(Save(live_seconds, start_seconds, failed))
    return figures


def write(figures: Figures) -> Iterator[str]:
    """Write the medians."""
    if figures.missing:
        yield f"Not measured: {figures.missing}."
        return
    rows = []
    titles = {
        "live_seconds": "saved file to its first answer",
        "start_seconds": "the app alone, command to its first answer",
        "over_seconds": "the difference",
    }
    for attribute, title in titles.items():
        values = [float(getattr(found, attribute)) * 1e3 for found in figures.saves]
        rows.append((title, show(statistics.median(values)), show(min(values)), show(max(values))))
    yield from write_table(("What", "median ms", "least ms", "greatest ms"), rows)
    yield ""
    yield (
        f"{len(figures.saves)} saves of a web function, an app of uvicorn in a folder with a `serverless.yml`, that "
        f"one caller asks every {POLL_SECONDS * 1e3:g} ms. The app alone is the same file, asked in the same way."
    )


def find_faults(figures: Figures) -> Iterator[str]:
    """Find the requests that failed while a file was saved."""
    if failed := sum(found.failed for found in figures.saves):
        yield f"{failed:,} requests of a web function failed while its file was saved"


PASS = Pass(
    "Web functions: a saved file",
    measure,
    (
        Target(
            "saved file of a web function to its first answer, over the start of the app alone",
            0.3,
            lambda found: found.median("over_seconds"),
            " s",
        ),
    ),
    write,
    find_faults,
)
