"""The local SCF as two state machines, each a long walk over a real server process and real folders:

    python -m tests.proof.local_machines STEPS [SEED] [folder|events]

``folder`` is about functions in folders and what the API does to them, ``events`` about asynchronous invocations. One
step in ten and more ends the server, half of those by -9. Prints the figures, or the steps to a divergence; the exit
code is 1 then.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests import forkserver
from tests.proof.event_walk import EventWalk
from tests.proof.folder_walk import FolderWalk
from tests.proof.walking import Divergence, Walk

WALKS: "dict[str, type[Walk]]" = {"folder": FolderWalk, "events": EventWalk}


def walk(name: str, steps: int, seed: int) -> str:
    """Take a walk. Returns the figures.

    :raises Divergence: if the server is not as the model has it
    """
    with tempfile.TemporaryDirectory(prefix="scf-walk-", ignore_cleanup_errors=True) as folder:
        began = time.monotonic()
        one = WALKS[name](Path(folder), seed)
        try:
            one.run(steps)
        finally:
            one.close()
        return f"{name}, seed {seed}: {steps} steps in {time.monotonic() - began:.0f} s: {one.describe()}"


def main(steps: str, seed: str = "1", *names: str) -> int:
    """Take the walks; 1 if one has diverged."""
    try:
        for name in names or WALKS:
            print(walk(name, int(steps), int(seed)), flush=True)
    except Divergence as error:
        print(f"DIVERGENCE, seed {seed}: {error}")
        return 1
    finally:
        forkserver.close_templates()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
