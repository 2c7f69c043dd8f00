"""The local SCFs of a session: one for each folder of functions and one without any, started when needed."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tencentserverless.config import ENDPOINT_GUARD
from tencentserverless.local import Local, LocalError

GUARD_TEXT = "scf_local"  # named in the error of the guard
#: Retries of asynchronous invocations come a minute apart in the cloud; no test waits for that.
_OPTIONS = ("--no-reload", "--time-scale", "1000")


class Servers:
    """Starts local SCFs and keeps them until it is closed.

    :param shared: the folder of pytest's ``tmp_path``, in which tests and functions meet, and that of the tests, whose
        modules web functions import
    """

    def __init__(self, *shared: Path) -> None:
        self._options = (*_OPTIONS, *(word for folder in shared for word in ("--share", str(folder))))
        self._stack = ExitStack()
        self._found: dict[Path | None, Local] = {}

    def get(self, folder: Path | None) -> Local:
        """The server for a folder of functions, or for none. A server that has ended is replaced.

        :raises LocalError: if it can't start; the message is the server's own
        """
        local = self._found.get(folder)
        if local is None or not _answers(local):
            local = self._found[folder] = self._start(folder)
        return local

    def close(self) -> None:
        """Stop them all."""
        self._found.clear()
        self._stack.close()

    def _start(self, folder: Path | None) -> Local:
        environment = {**os.environ, ENDPOINT_GUARD: GUARD_TEXT}
        place = folder or Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="scf-testing-")))
        local = self._stack.enter_context(Local(place, *self._options, ledger=True, environment=environment))
        if folder is not None and not local.status()["functions"]:
            raise LocalError(local.log.strip())  # a test that names a folder means the functions in it
        return local


def _answers(local: Local) -> bool:
    try:
        local.status()
    except OSError:
        return False
    return True
