"""Load by many callers at once: wrk if it is installed, else this project's own generator. Both check every answer."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.local.servers import Running
from benchmarks.responder import HOST

CALLERS = 16
CALLER = Path(__file__).with_name("caller.py")
STOP_SECONDS = 30
#: The script of wrk: the same request again and again, and a line of JSON at the end. Its own report rounds.
WRK_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
{headers}
{varying}
wrong = 0
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function response(status, headers, body)
  if status ~= 200 or not string.find(body, {expected}, 1, true) then wrong = wrong + 1 end
end
function done(summary, latency, requests)
  local errors, bad = summary.errors, 0
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  io.write(string.format(
    '\\n{{"calls": %d, "seconds": %.6f, "wrong": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}}\\n',
    summary.requests, summary.duration / 1e6, bad, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""
#: The same request in each call but for a UUID, which is put between the parts of the request.
WRK_VARYING = """
local parts = {{{parts}}}
local random, form = math.random, string.format
math.randomseed(os.time())
function request()
  local id = form("%08x-%04x-4%03x-8%03x-%06x%06x", random(0, 0x7fffffff), random(0, 0xffff), random(0, 0xfff),
    random(0, 0xfff), random(0, 0xffffff), random(0, 0xffffff))
  return table.concat(parts, id)
end
"""


@dataclass(frozen=True)
class Load:
    """The outcome of one slice.

    :ivar calls: the number of answered calls
    :ivar wrong: the answers with another status than 200, or without the function's result
    :ivar broken: connections that failed, and calls without an answer
    :ivar cpu_us: CPU time of the server and its workers for each call, 0 where it was not measured
    """

    calls: int
    seconds: float
    wrong: int
    broken: int
    p50_ms: float
    p99_ms: float
    cpu_us: float = 0.0

    @property
    def calls_per_second(self) -> float:
        return self.calls / self.seconds

    @property
    def failures(self) -> int:
        return self.wrong + self.broken


@dataclass(frozen=True)
class Generator:
    """A load generator.

    :ivar name: its name and version
    :ivar run: calls a server from some callers for some seconds
    """

    name: str
    run: Callable[[Running, float, int], Load]


def choose_generator(prefer_wrk: bool = True) -> Generator:
    """Choose the generator that takes the least CPU time from the servers."""
    wrk = shutil.which("wrk") if prefer_wrk else None
    if wrk is None:
        return Generator(f"caller.py of this project, one process, {CALLERS} connections (no wrk)", run_caller)
    told = subprocess.run([wrk, "-v"], capture_output=True, text=True, check=False).stdout
    version = told.split()[1].rpartition("/")[2]
    return Generator(
        f"wrk {version}, one thread, {CALLERS} connections",
        lambda server, seconds, callers: run_wrk(wrk, server, seconds, callers),
    )


def run_slice(generator: Generator, server: Running, seconds: float, callers: int = CALLERS) -> Load:
    """Run one slice, and measure the server's CPU time for each call."""
    before = server.cpu_seconds()
    load = generator.run(server, seconds, callers)
    return dataclasses.replace(load, cpu_us=(server.cpu_seconds() - before) / load.calls * 1e6)


def run_wrk(wrk: str, server: Running, seconds: float, callers: int = CALLERS) -> Load:
    """Run wrk.

    :param seconds: a whole number, for wrk takes no other
    :raises RuntimeError: if the server gives wrong answers before the load begins, or wrk fails
    """
    expected = server.check().decode()
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="ascii") as script:
        script.write(write_script(server, expected))
        script.flush()
        options = ["-t1", f"-c{callers}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "-s", script.name]
        url = f"http://{HOST}:{server.port}{server.dialect.build(server.port).path}"
        return parse(run_generator([wrk, *options, url], seconds))


def write_script(server: Running, expected: str) -> str:
    """Write the Lua script of wrk. JSON and Lua quote plain text in the same way."""
    call = server.dialect.build(server.port)
    headers = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in call.headers.items()]
    varying = ""
    if call.varying:
        parts = call.to_bytes().decode("ascii").split(call.varying)
        varying = WRK_VARYING.format(parts=", ".join(map(json.dumps, parts)))
    return WRK_SCRIPT.format(
        body=json.dumps(call.body.decode("ascii")),
        headers="\n".join(headers),
        varying=varying,
        expected=json.dumps(expected),
    )


def run_caller(server: Running, seconds: float, callers: int = CALLERS) -> Load:
    """Run this project's own generator.

    :raises RuntimeError: if the server gives wrong answers before the load begins, or the generator fails
    """
    expected = server.check().decode("ascii")
    call = server.dialect.build(server.port)
    order = {
        "host": HOST,
        "port": server.port,
        "expected": expected,
        "request": call.to_bytes().decode("ascii"),
        "varying": call.varying,
        "callers": callers,
        "seconds": seconds,
    }
    return parse(run_generator([sys.executable, str(CALLER)], seconds, json.dumps(order)))


def run_generator(command: list[str], seconds: float, order: str = "") -> str:
    """Run a generator, and return its output.

    :raises RuntimeError: if it failed
    """
    done = subprocess.run(
        command, input=order, capture_output=True, text=True, timeout=seconds + STOP_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def parse(text: str) -> Load:
    """Read the last line of a generator's output, which is JSON.

    :raises RuntimeError: if it is missing, or nothing was answered
    """
    lines = [line for line in text.splitlines() if line.startswith("{")]
    try:
        load = Load(**json.loads(lines[-1]))
    except (IndexError, TypeError, ValueError) as error:
        raise RuntimeError(f"no figures in what the load generator printed: {text[-300:]!r}") from error
    if not load.calls:
        raise RuntimeError("the load generator got no answer at all")
    return load
