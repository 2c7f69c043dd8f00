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
    FUNCTION = 10  # the function ran, and failed
    REFUSED = 11  # the platform would not run the function
    API = 12  # the API refused
    NETWORK = 13  # the wire failed, or nobody answers
    CREDENTIALS = 14  # no usable key pair was found
    PARTLY = 15  # a map ended, and some of its inputs failed or are in doubt
    INTERRUPTED = 130  # Ctrl-C
    BROKEN_PIPE = 141  # who read the output has gone
