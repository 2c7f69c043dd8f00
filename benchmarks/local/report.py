"""The sections as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.local.section import Section
from benchmarks.report import QUICK, write_targets, write_versions

PREFACE = """# The local SCF beside its peers

Written by `make bench-local`; do not edit. Every server runs in a process of its own on loopback, with the same
function, which hands its event back; they take turns in one run, on the same CPUs as their callers. Figures are medians
over the turns; ratios and differences are medians over pairs of turns of the same round."""
NOTES = """
- The local SCF checks the signature of every call, runs functions in processes of their own, and keeps logs and
  records. functions-framework runs one function in its own process and checks nothing. uvloop and httptools, which it
  does not bring, are there for its `--asgi` too.
- BASE is the build of another commit, in an environment of its own; `make bench-local BASE=COMMIT` measures it. Its
  targets are "not measured" without one.
- CPU a call is that of the server and of all processes that it started, over the calls of a slice.
- The official SDK's heads are those that it sends over a kept connection; `X-TC-TraceId` is another in each call.
- ministack emulates AWS Lambda and runs the function in a process. serverless-offline runs a function in Node.js, in
  its own process (`--useInProcess`).
- Ready is the ready line of the local SCF, and for others the first answer to another path than the function's.
  The first answer is the function's result, so it holds a cold start; for ministack also the deployment.
- Memory is resident memory of the server and of all processes that it started; pages that they share count in each.
- Every answer under load is judged: HTTP 200, and the function's result in it. One failed call voids a server's
  figures; of the local SCF and functions-framework, it voids the run."""


@dataclass(frozen=True)
class About:
    """The facts about a run for the reader of the report.

    :ivar machine: lines by their title
    :ivar versions: of the measured packages, by environment
    :ivar missing: the peers that could not be installed, with the reasons
    """

    machine: Mapping[str, str]
    versions: Mapping[str, Mapping[str, str]]
    missing: Mapping[str, str]
    is_quick: bool = False


def write_report(sections: Sequence[Section], about: About) -> str:
    """Write the whole text."""
    parts = [PREFACE]
    if about.is_quick:
        parts.append(QUICK)
    parts += [f"**This run is void: {fault}.**" for section in sections for fault in section.faults]
    parts.append("\n".join(f"- {title}: {text}" for title, text in about.machine.items()))
    parts.append("## Targets\n\n" + "\n".join(write_targets(pair for found in sections for pair in found.targets)))
    parts += [f"## {section.name}\n\n" + "\n".join(section.lines) for section in sections]
    missing = [f"- {label} was left out: {why}." for label, why in about.missing.items()]
    parts.append("## Notes\n" + "\n".join([NOTES, *missing]))
    parts.append("## Versions\n\n" + "\n".join(write_versions(about.versions)))
    return "\n\n".join(parts) + "\n"
