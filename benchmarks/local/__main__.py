"""Measure the local SCF beside its peers and write LOCAL.md.

python -m benchmarks.local [--quick] [--base COMMIT] [--only TEXT] [--output FILE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import environments, machine
from benchmarks.local import load
from benchmarks.local.builds import find_commit
from benchmarks.local.passes import PASSES
from benchmarks.local.peers import add_base, install_peers
from benchmarks.local.plan import QUICK, PassContext, Plan, say
from benchmarks.local.report import About, write_report
from benchmarks.local.section import Section

RESULTS = Path(__file__).parents[1] / "LOCAL.md"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.local", description="Measure; write LOCAL.md.")
    parser.add_argument("--quick", action="store_true", help="few rounds and the fast peers only, for development")
    parser.add_argument("--base", metavar="COMMIT", help="measure the build of this commit beside today's")
    parser.add_argument("--only", metavar="TEXT", help="only the passes whose name holds this; writes to the terminal")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where to write; default: LOCAL.md of a full run, the terminal otherwise",
    )
    parser.add_argument("--no-wrk", action="store_true", help="use the project's own load generator")
    return parser.parse_args(arguments)


def run_passes(context: PassContext, only: str) -> list[Section]:
    """Run the passes whose name holds this text, one after the other."""
    sections = []
    for plan in PASSES:
        if only.lower() not in plan.name.lower():
            continue
        began = time.monotonic()
        sections.append(plan.run(context))
        say(f"{plan.name}: {time.monotonic() - began:.0f} s")
    return sections


def main(arguments: Sequence[str]) -> int:
    """Run the measurements. Status 1 for a void run, whose figures are printed on the terminal alone."""
    options = parse(arguments)
    commit = find_commit(options.base) if options.base else None
    peers = install_peers(with_slow=not options.quick)
    base = add_base(peers, commit) if commit else None
    generator = load.choose_generator(not options.no_wrk)
    trust_python = environments.make_one("certificates", environments.PEERS["certificates"])
    about = About(
        {
            **machine.describe(),
            "Load generator": generator.name,
            "BASE": f"the build of {commit[:12]}" if commit else "none: no commit was given",
        },
        {**environments.list_versions({"ours": Path(sys.executable), **peers.pythons}), **peers.versions},
        peers.missing,
        options.quick,
    )
    with tempfile.TemporaryDirectory(prefix="bench-local-") as folder:
        plan = QUICK if options.quick else Plan()
        context = PassContext(plan, Path(folder), tuple(peers.servers), generator, trust_python, base)
        sections = run_passes(context, options.only or "")
    text = write_report(sections, about)
    is_void = any(section.faults for section in sections)
    output = options.output or (None if options.quick or options.only else RESULTS)
    if output is None or is_void:
        print(text)
    else:
        output.write_text(text, encoding="utf-8")
        print("\n".join(text.split("## ")[1].splitlines()))
        say(f"Written to {output}")
    if output == RESULTS and not is_void:
        from benchmarks.plots.files import write_plots  # it loads matplotlib, which a measurement has no use for

        write_plots(paths=(RESULTS,))
    return int(is_void)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
