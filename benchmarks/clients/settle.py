"""Print the seconds that it takes to settle 5,000 doubts of a journal with so many rows: ``python settle.py ROWS``."""

import json
import sys
import tempfile
import time
from pathlib import Path

from tencentserverless.journal import Journal
from tencentserverless.models import InvokeResult

DOUBTS = 5000


def main(rows: int) -> None:
    """Write a journal, and settle its doubts."""
    with tempfile.TemporaryDirectory(prefix="bench-settle-") as folder:
        path = Path(folder) / "run.db"
        with Journal(path, _identity=("ap-guangzhou", "default", "f", "$LATEST")) as journal:
            for position in range(rows):
                journal.enter(position, json.dumps(position), False)
            journal.commit()
            for position in range(DOUBTS, rows):
                journal.note_outcome(position, InvokeResult('"ok"'), False)
        with Journal(path) as journal:
            doubts = journal.in_doubt()
            started = time.perf_counter()
            for call in doubts:
                journal.settle(call.position, executed=False)
            seconds = time.perf_counter() - started
            assert len(doubts) == DOUBTS
            assert journal.in_doubt() == []
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]))
