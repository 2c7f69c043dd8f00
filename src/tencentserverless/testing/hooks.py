"""The pytest hooks of the kit: the fixture ``scf_local``, the guard of a run, and logs in reports."""

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tencentserverless.testing.bridge import Bridge
    from tencentserverless.testing.servers import Servers
    from tencentserverless.testing.target import ScfLocal

_LOG_TITLE = "scf local log"
_MANIFEST = "serverless.yml"

_guard = pytest.StashKey[pytest.MonkeyPatch]()
_target = pytest.StashKey["ScfLocal"]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep clients off the cloud with ``--scf-target=local``, from before the first import of a test."""
    if config.getoption("scf_target") == "local":
        from tencentserverless.config import ENDPOINT_GUARD

        patch = config.stash[_guard] = pytest.MonkeyPatch()
        patch.setenv(ENDPOINT_GUARD, "--scf-target=local")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Restore the environment."""
    patch = config.stash.get(_guard, None)
    if patch is not None:
        patch.undo()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Add the output of functions and of the server to the report of a failed test."""
    if call.excinfo is not None:
        _hide_frames()
    outcome = yield
    target = item.stash.get(_target, None)
    if target is None or call.excinfo is None:
        return
    report: pytest.TestReport = outcome.get_result()
    if report.failed:
        report.sections += _read_log(target)


def _hide_frames() -> None:
    """Leave the frames of this package out of reports: pytest reads this variable of a module. See --full-trace."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "tencentserverless" and module is not None:
            module.__dict__["__tracebackhide__"] = True


def _read_log(target: "ScfLocal") -> list[tuple[str, str]]:
    """The sections of a report, empty if there is nothing to show: a report must not fail."""
    from tencentserverless.local import LocalError

    try:
        text = target.log
    except (OSError, LocalError):  # the test has ended its server, or removed the temporary folder
        return []
    return [(_LOG_TITLE, text)] if text.strip() else []


@pytest.fixture(scope="session")
def _scf_servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Servers, Bridge]]":
    from tencentserverless.testing.bridge import Bridge
    from tencentserverless.testing.servers import Servers

    servers, bridge = Servers(tmp_path_factory.getbasetemp(), request.config.rootpath), Bridge()
    yield servers, bridge
    bridge.close()
    servers.close()


@pytest.fixture
def scf_local(request: pytest.FixtureRequest) -> "Iterator[ScfLocal]":
    """A local SCF for this test, and the environment that leads clients to it. With --scf-target=cloud: the cloud.

    Its functions are those of the folder that @pytest.mark.scf_functions("folder") or the setting scf_functions names,
    and what the test registers. A test beside a serverless.yml gets its functions, and those of the folders beside it.
    """
    from tencentserverless.testing.target import ScfCloud, ScfLocal

    if request.config.getoption("scf_target") == "cloud":
        with ScfCloud() as cloud:
            yield cloud
        return
    servers, bridge = request.getfixturevalue("_scf_servers")
    with ScfLocal(servers.get(_find_folder(request)), bridge) as local:
        request.node.stash[_target] = local
        yield local
        del request.node.stash[_target]


def _find_folder(request: pytest.FixtureRequest) -> Path | None:
    """The folder of functions that a test asks for, None for none."""
    marker = request.node.get_closest_marker("scf_functions")
    if marker is None:
        name = str(request.config.getini("scf_functions"))
        start = request.config.inipath.parent if request.config.inipath else request.config.rootpath
        if not name:
            return _find_own_folder(request.path.parent)
        return _check_folder(f"the setting scf_functions = {name}", start / name)
    if len(marker.args) != 1 or marker.kwargs or not isinstance(marker.args[0], str | Path):
        pytest.fail(
            f"marker scf_functions takes one folder, as scf_functions('functions'), not {marker}", pytrace=False
        )
    return _check_folder(f"the marker scf_functions({str(marker.args[0])!r})", request.path.parent / marker.args[0])


def _find_own_folder(folder: Path) -> Path | None:
    """The folder for a test that lies beside a serverless.yml, as ``scf init`` makes it; None if there is no such file.

    It is the test's own, or the one around it if that holds more functions: functions may call each other.
    """
    if not (folder / _MANIFEST).is_file():
        return None
    beside = [each for each in folder.parent.glob(f"*/{_MANIFEST}") if each.is_file()]
    return (folder.parent if len(beside) > 1 else folder).resolve()


def _check_folder(source: str, folder: Path) -> Path:
    if not folder.is_dir():
        pytest.fail(f"{source} names {folder}, which is no folder", pytrace=False)
    return folder.resolve()
