"""Run the tests under coverage.py, and print how much of each package they run, branches included.

    python tools/branch_coverage.py [PYTEST ARGUMENT ...]

Servers, commands and nested pytests that the tests start count too. The figures of each line are then in
.cache/coverage/html. Status 1 if a test fails, or if the whole is under the floor: fail_under in pyproject.toml.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import coverage

FOLDER = Path(".cache") / "coverage"


class Share(NamedTuple):
    """The number of modules, of their lines and branches, and of the lines and branches that ran."""

    modules: int = 0
    steps: int = 0
    ran: int = 0

    @property
    def percent(self) -> float:
        """The covered share in percent; 100 for a package without a line."""
        return 100 * self.ran / self.steps if self.steps else 100.0

    def add(self, other: Share) -> Share:
        """The sum of both."""
        return Share(self.modules + other.modules, self.steps + other.steps, self.ran + other.ran)


def run_tests(arguments: list[str]) -> int:
    """Run pytest, and return its status. The data of an earlier run is removed before."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    return subprocess.call([sys.executable, "-m", "coverage", "run", "-m", "pytest", *arguments])


def read_files() -> dict[str, Any]:
    """Combine the data of all processes: write the pages, and return the figures of every module by its path."""
    measured = coverage.Coverage()
    measured.combine()
    measured.save()
    measured.html_report(directory=str(FOLDER / "html"))
    measured.json_report(outfile=str(FOLDER / "report.json"))
    files: dict[str, Any] = json.loads((FOLDER / "report.json").read_text(encoding="utf-8"))["files"]
    return files


def sum_packages(files: Mapping[str, Any]) -> dict[str, Share]:
    """Sum up the modules of each package, by its folder."""
    shares: defaultdict[str, Share] = defaultdict(Share)
    for name, file in files.items():
        summary = file["summary"]
        steps = summary["num_statements"] + summary["num_branches"]
        ran = summary["covered_lines"] + summary["covered_branches"]
        package = Path(name).parent.as_posix()
        shares[package] = shares[package].add(Share(1, steps, ran))
    return dict(sorted(shares.items()))


def print_row(name: str, share: Share) -> None:
    """Print one line of the table."""
    print(f"{name:45} {share.modules:7} {share.steps:8} {share.steps - share.ran:7} {share.percent:8.2f} %")


def main(arguments: list[str]) -> int:
    """Run the tests, print a row for each package, and compare the total with the floor."""
    status = run_tests(arguments)
    if status > 1:  # no failed test: no test ran, or Ctrl-C was pressed
        return status
    packages = sum_packages(read_files())
    total = reduce(Share.add, packages.values(), Share())
    floor = coverage.Coverage().config.fail_under
    print(f"\n{'package':45} modules    steps  missed  covered   (a step is a line or a branch)")
    for name, share in packages.items():
        print_row(name, share)
    print_row("all", total)
    is_low = total.percent < floor
    relation = "is under" if is_low else "keeps"
    print(f"coverage: {total.percent:.2f} % {relation} the floor of {floor:g} %; {FOLDER / 'html'} shows each line")
    return status or int(is_low)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
