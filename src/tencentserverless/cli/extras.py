"""What ``scf`` needs beside the SDK, and how to install it. Python 3.6 syntax, like ``main``."""

#: The one place that names the installation: the name on PyPI still holds Tencent's 0.1.7.
INSTALL_HINT = "from the source folder, run: pip install '.[local]'"


def find_missing(error: ImportError) -> str:
    """Find the package that is not installed; empty if the error is of a module of ours, or of none."""
    package = (error.name or "").split(".")[0]
    return "" if package == "tencentserverless" else package
