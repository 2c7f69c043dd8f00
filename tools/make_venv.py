"""Make .venv and install this project into it, editable, with one of its extras.

    python3 tools/make_venv.py local|docs|dev

Any Python 3.6 can read this file, so that an old interpreter prints a sentence and not a SyntaxError.
"""

import subprocess
import sys
from pathlib import Path

OLDEST = (3, 10)
VENV = Path(".venv")
PYTHON = str(VENV / "bin" / "python")


def run(*command: str) -> None:
    """Run a command; its output is shown only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
        sys.exit("This failed: {}".format(" ".join(command)))


def works(*command: str) -> bool:
    """True if the command ends with status 0."""
    try:
        return not subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False


def check_python() -> None:
    """Refuse an interpreter that is too old or lacks a module."""
    if sys.version_info < OLDEST:
        sys.exit(
            "{} is Python {}.{}; the local SCF and the tools need {}.{} or later. "
            "Name another one: make demo PYTHON=/path/to/python3".format(sys.executable, *sys.version_info[:2] + OLDEST)
        )
    if not works(sys.executable, "-c", "import ensurepip, venv"):
        sys.exit("{} has no venv module; on Debian and Ubuntu: apt install python3-venv".format(sys.executable))


def main(extra: str) -> None:
    """Make the environment if it is missing, and install the project."""
    if not works(PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < {!r})".format(OLDEST)):
        check_python()
        print("Making {} with Python {}.{}".format(VENV, *sys.version_info[:2]), flush=True)
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
        run(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--upgrade", "pip")
    print("Installing this project and its requirements ({}) into {}".format(extra, VENV), flush=True)
    run(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-e", ".[{}]".format(extra))
    (VENV / ".{}-installed".format(extra)).touch()


if __name__ == "__main__":
    main(sys.argv[1])
