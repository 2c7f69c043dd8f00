"""The lines that a server tells its user at the start."""

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.project.discovery import Project
from tencentserverless.local.project.handler_check import find_handler_fault
from tencentserverless.local.registry.function_version import WEB, FunctionRecord
from tencentserverless.local.settings import DEFAULT_PORT, OLD_DEFAULT_PORT, Settings
from tencentserverless.local.worker.interpreters import Interpreters, can_run
from tencentserverless.local.worker.run_directory import debugger_folder
from tencentserverless.local.worker.web_start import START_FILE, NotStartable, check_start_file

_URL_EVENT = (
    "add below events: - http: {parameters: {authType: NONE, netConfig: {enableExtranet: true, enableIntranet: false}}}"
)


def _function_notices(settings: Settings, project: Project) -> list[str]:
    """The lines about functions that behave in another way than their caller may expect."""
    notices = []
    for key, record in project.records.items():
        if record.type == WEB:
            notices += [f"{key.name}: {words}" for words in _start_faults(record)]
            if not any(url.has_intranet or url.has_extranet for url in record.urls):
                notices.append(
                    f"{key.name}: a web function is called by a URL, and its file gives it none: {_URL_EVENT}"
                )
        elif not can_run(record.runtime):
            words = "is listed, but calls of it are not supported by the local SCF"
            notices.append(f"{key.name}: the runtime {record.runtime} {words}")
        fault = find_handler_fault(record)
        if fault:
            notices.append(f"{key.name}: handler {record.handler}: {fault}")
        if key.region != settings.region:
            notices.append(f"{key.name} is in {key.region}: --region {key.region}")
    return notices


def _start_faults(record: FunctionRecord) -> list[str]:
    """The reason why the platform would not start a web function, if there is one. Its code may be built later."""
    try:
        check_start_file(record.code_folder)
    except NotStartable as error:
        return [f"{error.words}: requests to it are answered with 443"]
    except OSError as error:
        return [f"{START_FILE!r} can't be read: {error.strerror}"]
    return []


def _package_notices(settings: Settings, project: Project, interpreters: Interpreters) -> list[str]:
    """The functions that run on another Python than a virtual environment has modules for."""
    notices = []
    for folder in settings.packages:
        versions = folder.versions()
        for key, record in project.records.items():
            version = interpreters.running_version(record.runtime)
            if versions and version and folder.function in ("", key.name) and version not in versions:
                notices.append(
                    f"{key.name} runs on Python {version} and gets no package of {folder.path}, which is of Python "
                    f"{', '.join(versions)}"
                )
    return notices


def _port_notices(settings: Settings, *, is_older: bool) -> list[str]:
    """The change of the default port, told once to users of an older state folder."""
    if not is_older or settings.port != DEFAULT_PORT:
        return []
    return [f"the default port is {DEFAULT_PORT} now; it was {OLD_DEFAULT_PORT}: --port {OLD_DEFAULT_PORT} keeps it"]


def list_notices(settings: Settings, project: Project, interpreters: Interpreters, *, is_older: bool) -> list[str]:
    """Return the lines for the user, in the order in which they are told.

    :param is_older: True if the state folder is of a server with another default port
    """
    notices = [*_port_notices(settings, is_older=is_older), *project.told_at_start()]
    notices += _function_notices(settings, project)
    notices += _package_notices(settings, project, interpreters)
    notices += [f"warning: {warning}" for warning in interpreters.warnings]
    notices += [
        f"{name}: runs under debugpy on 127.0.0.1:{port}, one instance, without its timeout and memory limit"
        + ("; its code loads when a debugger is attached" if settings.waits_for_debugger else "")
        for name, port in settings.debug_ports.items()
    ]
    if not settings.is_loopback:
        notices.append(
            f"warning: {settings.host} can be reached from other machines. Functions run with your user's rights, and "
            "any holder of a key can run code: the isolation is against crashes, not against attackers."
        )
    return notices


def check_debugger(settings: Settings, project: Project) -> None:
    """Check that the chosen functions can be debugged.

    :raises StartupError: if debugpy or a function is missing
    """
    if settings.debug_ports and debugger_folder() is None:
        raise StartupError(Reason.RUNTIME, "--debug needs debugpy; run: pip install debugpy")
    names = sorted({key.name for key in project.records})
    for name in settings.debug_ports:
        if name not in names:
            raise StartupError(
                Reason.PROJECT, f"--debug {name}: no function of that name here; there are: {', '.join(names)}"
            )
