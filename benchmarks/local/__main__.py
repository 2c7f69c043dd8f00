"""Measure the local SCF beside its peers and write LOCAL.md.

python -m benchmarks.local [--quick] [--output FILE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import environments, machine
from benchmarks.local import load, measures
from benchmarks.local.report import write_report
from tests.environments import make_once

RESULTS = Path(__file__).parents[1] / "LOCAL.md"
QUICK = measures.Plan(starts=3, cold=5, warm_rounds=4, warm_calls=100, load_rounds=2, load_seconds=2)
_FRAMEWORK = ("functions-framework", "uvloop", "httptools")  # as fast as it gets
_TRUST = ("trustme",)


def main(arguments: list[str]) -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.local", description="Measure; write LOCAL.md.")
    parser.add_argument("--quick", action="store_true", help="few rounds, for development; writes to the terminal")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write")
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else measures.Plan()
    about = machine.describe()
    figures = measures.Figures()
    starts = measures.list_servers(_peer("framework", _FRAMEWORK))
    with tempfile.TemporaryDirectory(prefix="bench-local-") as name:
        folder = Path(name)
        measures.measure_ready(starts, plan, folder, figures)
        measures.measure_cold(plan, folder, figures)
        measures.measure_warm(_peer("certificates", _TRUST), plan, folder, figures)
        wrk = load.find_wrk()
        if wrk is None:
            about["Load"] = "not measured: wrk is not installed (Debian and Ubuntu: apt install wrk)"
        else:
            measures.measure_load(starts, wrk, plan, folder, figures)
    text = write_report(figures, about, options.quick)
    output = options.output or (None if options.quick else RESULTS)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _peer(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of a peer's own environment, which is made once."""
    python = Path(sys.executable)
    key = f"{python} {sys.version} {requirements}"
    folder = make_once(f"peer-{name}", key, partial(environments.make_peer, python, requirements))
    return folder / "bin" / "python"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
