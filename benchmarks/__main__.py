"""Run all measurements and write RESULTS.md beside this file.

python -m benchmarks [--quick] [--only TEXT] [--output FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import commits, environments, machine, responder, startup
from benchmarks.coordinator import Pass, Place, run_pass
from benchmarks.passes import IN_FLIGHT, list_passes
from benchmarks.report import write_report
from benchmarks.results import Results

RESULTS = Path(__file__).with_name("RESULTS.md")
FULL_ROUNDS = 25
QUICK_ROUNDS = 3
MAP_CALLS = 100_000
QUICK_CALLS = 10_000
ROWS = 100_000
QUICK_ROWS = 10_000


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure side by side; write RESULTS.md.")
    parser.add_argument("--quick", action="store_true", help="few rounds, for development")
    parser.add_argument("--only", metavar="TEXT", help="only the passes whose name holds this; writes to the terminal")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where to write; default: RESULTS.md of a full run, the terminal otherwise",
    )
    parser.add_argument("--no-nginx", action="store_true", help="use the project's own responder")
    return parser.parse_args(arguments)


def make_settings(
    running: responder.Responder, trust: responder.Trust, rsa: responder.Trust | None = None
) -> dict[str, dict[str, Any]]:
    """The settings by which clients reach the responder, in each way that it has."""

    def reach(port: int, is_tls: bool, trust: responder.Trust = trust) -> dict[str, Any]:
        authority = f"{responder.HOST}:{port}"
        return {
            "host": responder.HOST,
            "port": port,
            "authority": authority,
            "url": f"{'https' if is_tls else 'http'}://{authority}",
            "tls": is_tls,
            "ca_file": str(trust.ca_file) if is_tls else "",
            "bundle": str(trust.bundle) if is_tls else "",
        }

    return {
        "plain": reach(running.plain, False),
        "tls": reach(running.tls, True),
        "closing": reach(running.closing, True),
        **{version: reach(port, True, rsa or trust) for version, port in running.resuming.items()},
    }


def find_roots(pythons: Mapping[str, Path]) -> Path | None:
    """Find the bundle of certifi that the official SDK brings."""
    packages = startup.find_packages(pythons["official"]) if "official" in pythons else None
    bundle = packages / "certifi" / "cacert.pem" if packages else None
    return bundle if bundle and bundle.exists() else None


def unpack_base(folder: Path) -> Path | None:
    """Write the earlier commit's sources into a folder; None if the repository does not have it."""
    try:
        commits.unpack(startup.BASE_COMMIT, folder, "src")
    except LookupError as missing:
        say(f"not compared with the commit {startup.BASE_COMMIT}: {missing}")
        return None
    return folder / "src"


class Program:
    """One run of all measurements.

    :param pythons: the interpreter of each environment; clients whose environment is missing are reported as such
    """

    def __init__(self, pythons: Mapping[str, Path], folder: Path, is_quick: bool, prefer_nginx: bool = True) -> None:
        self._pythons = pythons
        self._folder = folder
        self._is_quick = is_quick
        self._prefer_nginx = prefer_nginx
        self._cpus = machine.choose_cpus()

    def run(self, plans: Sequence[Pass], rounds: int) -> Results:
        """Run all measurements. This process, which only waits, and its children are kept on the CPU of the clients.

        :param rounds: of new processes; 0 to leave these out
        """
        about = machine.describe()
        about["Commit"] = commits.describe_head()
        maker, roots = self._pythons["certificates"], find_roots(self._pythons)
        trust = responder.make_trust(maker, self._folder / "trust", roots)
        rsa = responder.make_trust(maker, self._folder / "rsa", roots, "RSA")
        allowed = os.sched_getaffinity(0)
        with responder.start(trust, self._folder, self._prefer_nginx, rsa) as running:
            about["Responder"] = running.name
            if not self._cpus.are_two:
                about["Pinning"] = "there is one CPU only, so the passes on two CPUs were left out"
            settings = make_settings(running, trust, rsa)
            place = Place(self._pythons, settings, environments.child_environment(self._folder))
            results = Results(about, environments.list_versions(self._pythons), self._is_quick)
            os.sched_setaffinity(0, {self._cpus.client})
            try:
                self._run_passes(plans, place, running, results)
                if rounds:
                    self._run_processes(place, running, results, rounds)
            finally:
                os.sched_setaffinity(0, allowed)
        return results

    def _run_passes(self, plans: Sequence[Pass], place: Place, running: responder.Responder, results: Results) -> None:
        for plan in plans:
            if plan.cpus > 1 and not self._cpus.are_two:
                continue
            running.pin(self._cpus.client if plan.cpus == 1 else self._cpus.responder)
            began = time.monotonic()
            results.passes[plan.name] = run_pass(plan, place)
            say(f"{plan.name}: {time.monotonic() - began:.0f} s")

    def _run_processes(self, place: Place, running: responder.Responder, results: Results, rounds: int) -> None:
        running.pin(self._cpus.responder)
        began = time.monotonic()
        results.first = startup.measure_first(place, rounds)
        results.imported = startup.measure_imports(place, rounds, unpack_base(self._folder / "base"))
        results.sizes = startup.measure_sizes(place)
        results.map_growth_mb = startup.measure_map_growth(place, QUICK_CALLS if self._is_quick else MAP_CALLS)
        results.settle_seconds = startup.measure_settle(place, QUICK_ROWS if self._is_quick else ROWS)
        results.look_up_threads = startup.count_look_up_threads(place, IN_FLIGHT)
        say(f"new processes, imports, sizes, memory of a map: {time.monotonic() - began:.0f} s")


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the measurements that the command line names."""
    options = parse(arguments)
    plans = [plan for plan in list_passes(options.quick) if not options.only or options.only in plan.name]
    rounds = 0 if options.only else QUICK_ROUNDS if options.quick else FULL_ROUNDS
    pythons = environments.make_all()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        results = Program(pythons, Path(folder), options.quick, not options.no_nginx).run(plans, rounds)
    text = write_report(results)
    output = options.output or (None if options.quick or options.only else RESULTS)
    if output is None:
        print(text)
    else:
        output.write_text(text, encoding="utf-8")
        print("\n".join(text.split("## ")[1].splitlines()))
        say(f"Written to {output}")
    if output == RESULTS:
        from benchmarks.plots.files import write_plots  # it loads matplotlib, which a measurement has no use for

        write_plots(paths=(RESULTS,))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
