"""Exit codes of ``scf``. This file is in Python 3.6 syntax: the entry uses it where nothing else can run."""

import enum


class Exit(enum.IntEnum):
    """Why the command ended."""

    OK = 0
    FAILED = 1  # anything without a code of its own
    USAGE = 2  # the command line can't be read; click's own code
    MISSING_EXTRA = 3  # Python is too old, or the extra "local" is not installed
    PROJECT = 4  # the folder of functions can't be used
    ADDRESS = 5  # the port or the host can't be used
    STATE = 6  # the state folder, the env file or the running server
    SECRETS = 7  # the secret file can't be used
    RUNTIME = 8  # an interpreter is missing, with --strict-runtimes
