"""Exit codes of ``scf``. This file is in Python 3.6 syntax: the entry uses it where nothing else can run."""

import enum


class Exit(enum.IntEnum):
    """The reason why the command ended. The numbers never change their meaning: scripts rely on them."""

    OK = 0
    FAILED = 1  # anything without a code of its own
    USAGE = 2  # the command line can't be read, or the command does not run on this system; click's own code
    MISSING_EXTRA = 3  # Python is too old, or the extra "local" is not installed
    PROJECT = 4  # the folder of functions can't be used
    ADDRESS = 5  # the port or the host can't be used
    STATE = 6  # the state folder, the env file or the running server
    SECRETS = 7  # the secret file can't be used
    RUNTIME = 8  # an interpreter is missing, with --strict-runtimes
    FUNCTION = 10  # the function failed, or the platform would not run it
    API = 11  # the API refused: no such function, no right to it, too many requests
    NETWORK = 12  # no connection, or no answer that can be used
    CREDENTIALS = 13  # no key pair was found, or it was refused
    INPUT = 14  # the given data can't be used
    UNCONFIRMED = 15  # the question was not answered with yes; nothing was changed
    UNHEALTHY = 16  # scf doctor found a fault
    OUTPUT = 17  # the output can't be written: a full disk
    PARTLY = 18  # scf map: some inputs have no result
    INTERRUPTED = 130  # Ctrl-C; as shells say it, 128 and the signal's number
    PIPE_CLOSED = 141  # the reader of the output has ended; 128 and SIGPIPE
