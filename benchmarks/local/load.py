"""Many callers at once: wrk, whose few microseconds a call leave the machine to the server."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CALLERS = 16
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_SIZES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


@dataclass(frozen=True)
class Load:
    """What one slice of load came to.

    :ivar failures: answers other than HTTP 200, and connections that broke
    :ivar answer_bytes: of an answer, in the mean: an error would be of another size than a result
    """

    calls_per_second: float
    p50_ms: float
    p99_ms: float
    failures: int
    answer_bytes: float


def find_wrk() -> str | None:
    """wrk's place, if it is installed."""
    return shutil.which("wrk")


def run_wrk(wrk: str, url: str, script: Path, seconds: int) -> Load:
    """Have it call for so long."""
    command = [wrk, "-t1", f"-c{CALLERS}", f"-d{seconds}s", "--latency", "-s", str(script), f"{url}/"]
    return parse(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def parse(text: str) -> Load:
    """What wrk printed.

    :raises ValueError: if a figure is missing
    """
    calls, size, size_unit = _find(r"(\d+) requests in [^,]+, ([\d.]+)([KMG]?B) read", text)
    failures = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    failures += sum(map(int, errors.groups())) if errors else 0
    return Load(
        calls_per_second=float(_find(r"Requests/sec:\s+([\d.]+)", text)[0]),
        p50_ms=_milliseconds(text, 50),
        p99_ms=_milliseconds(text, 99),
        failures=failures,
        answer_bytes=float(size) * _SIZES[size_unit] / int(calls),
    )


def _milliseconds(text: str, percent: int) -> float:
    number, unit = _find(rf"{percent}%\s+([\d.]+)(us|ms|s)", text)
    return float(number) * _UNITS[unit]


def _find(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"wrk printed no {pattern}: {text[:300]}")
    return found.groups()
