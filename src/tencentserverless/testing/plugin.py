"""The plugin that pytest loads in every run: options and a marker, and the kit itself where it can work.

Python 3.6 syntax, and nothing is imported at the top. The hooks and the fixture are in ``hooks``, which is loaded on
Python 3.10 and later if the extra ``local`` is there. Nothing starts before a test asks for ``scf_local``.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pytest

_FLOOR = (3, 10)
_PYTEST_FLOOR = 7
#: Packages of the extra ``local`` that a local SCF loads first.
_NEEDED = ("click", "httptools", "msgspec")
_MARKER = "scf_functions(folder): the folder of the functions that the local SCF of fixture scf_local serves"


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Add the option and the setting on every system, so that a project's configuration is valid on every system."""
    group = parser.getgroup("tencentserverless", "Tencent Cloud functions")
    group.addoption(
        "--scf-target",
        choices=("local", "cloud"),
        default=None,
        help="where fixture scf_local calls functions: a local SCF (the default; given, it also keeps every client of "
        "the run off the cloud), or the cloud as the environment says",
    )
    parser.addini(
        "scf_functions", "folder of the functions that fixture scf_local serves, beside this file", default=""
    )


def pytest_configure(config: "pytest.Config") -> None:
    """Load the kit if it can work; if it cannot, fail only if the command line asks for it."""
    config.addinivalue_line("markers", _MARKER)
    if _can_work():
        from tencentserverless.testing import hooks

        config.pluginmanager.register(hooks, "tencentserverless-hooks")
    elif config.getoption("scf_target"):
        import pytest

        from tencentserverless.cli.extras import INSTALL_HINT

        raise pytest.UsageError(
            "--scf-target needs Linux or macOS, Python {}.{}, pytest {} and the extra 'local'; {}".format(
                _FLOOR[0], _FLOOR[1], _PYTEST_FLOOR, INSTALL_HINT
            )
        )


def _can_work() -> bool:
    import sys

    if sys.version_info < _FLOOR or sys.platform == "win32":
        return False
    import pytest

    if int(pytest.__version__.split(".")[0]) < _PYTEST_FLOOR:
        return False
    from importlib.util import find_spec

    try:
        return all(find_spec(name) is not None for name in _NEEDED)
    except (ImportError, ValueError):  # from a finder of the user's project, or for a module without a spec
        return False
