"""Requirements of ``scf`` beside the SDK, and how to meet them. Python 3.6 syntax, like ``main``."""

import sys

#: The one place that names the installation: the name on PyPI still holds Tencent's 0.1.7.
INSTALL_HINT = "from the source folder, run: pip install '.[local]'"
#: The predicate of a sentence whose subject is the program that needs POSIX, such as the local SCF.
POSIX_HINT = "runs on Linux and macOS; on Windows, use WSL"


def describe_damage(error: ImportError) -> str:
    """The message of an import that failed for files of Tencent's SDK; empty for another error."""
    return str(error) if error.name == "tencentcloud" else ""


def find_missing(error: ImportError) -> str:
    """Find the package that is not installed; empty if the error names no package, or a module of this SDK."""
    package = (error.name or "").split(".")[0]
    return "" if package in ("tencentserverless", "tencentcloud") else package


def is_windows() -> bool:
    """True on Windows, where no local SCF runs."""
    return sys.platform == "win32"
