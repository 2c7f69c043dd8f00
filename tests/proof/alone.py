"""Runs a campaign in a process of its own: a hang there ends with a traceback, and what its children do hurts nobody.

    python -W error -m tests.proof.alone MODULE:FUNCTION SEED CALLS [TRANSPORT FOLDER]

prints the violations as JSON. Whatever else is said, on standard error, is a violation too: an error in a finaliser, a
resource that was left, a child that failed.
"""

import faulthandler
import importlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.proof import campaign
from tests.proof.fault_process import PLAIN, ROOT, Transport, make_environment

HANG_SECONDS = 120.0  # on a busy machine
#: Python 3.12 warns that a child of a process with threads may deadlock; that it does not is the claim here.
WARNINGS = ["-W", "error", "-W", "ignore:This process:DeprecationWarning"]
LAST_CHARACTERS = 6000  # of what a failed campaign said


def run_alone(
    run: "Callable[..., Any]", seed: int, calls: int, transport: Transport = PLAIN, patience: float = HANG_SECONDS
) -> "list[str]":
    """The violations of a campaign that a process of its own ran.

    :param patience: seconds until it hangs, and a tenth of a second for each call
    """
    name = "{}:{}".format(run.__module__, run.__name__)
    arguments = [name, str(seed), str(calls), transport.kind, transport.folder]
    process = subprocess.Popen(
        [sys.executable, *WARNINGS, "-m", "tests.proof.alone", *arguments],
        cwd=str(ROOT),
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        said, faults = process.communicate(timeout=patience + calls / 10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGABRT)  # so that each process tells where it hangs
        said, faults = process.communicate()
    violations = [faults[-LAST_CHARACTERS:]] if faults or process.returncode else []
    return violations + (json.loads(said) if not process.returncode else [said])


def report_unraisable(unraisable: "Any") -> None:
    """Report an error in a finaliser, but not one that a signal handler of a campaign has raised there: Python can only
    report that."""
    if not isinstance(unraisable.exc_value, campaign.Interruption):
        sys.__unraisablehook__(unraisable)


def main(name: str, seed: str, calls: str, kind: str = "plain", folder: str = "") -> None:
    faulthandler.enable()  # for SIGABRT; dump_traceback_later keeps a forked child from its end
    logger = logging.getLogger("tencentserverless")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    sys.unraisablehook = report_unraisable
    module, _, function = name.partition(":")
    run = getattr(importlib.import_module(module), function)
    parent = os.getpid()
    violations = run(int(seed), int(calls), Transport(kind, folder))
    if os.getpid() == parent:  # else a forked child returned through all frames
        print(json.dumps(violations))


if __name__ == "__main__":
    main(*sys.argv[1:])
