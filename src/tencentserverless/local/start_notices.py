"""The lines that a server tells its user at the start."""

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.notice import Notice
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
            notices += _start_faults(record)
            if not any(url.has_intranet or url.has_extranet for url in record.urls):
                words = "{name}: a web function is called by a URL, and its file gives it none: {example}"
                notices.append(Notice(words, name=key.name, example=_URL_EVENT))
        elif not can_run(record.runtime):
            words = "{name}: the runtime {runtime} is listed, but calls of it are not supported by the local SCF"
            notices.append(Notice(words, name=key.name, runtime=record.runtime))
        fault = find_handler_fault(record)
        if fault:
            words = "{name}: handler {handler}: {fault}"
            notices.append(Notice(words, name=key.name, handler=record.handler, fault=fault))
        if key.region != settings.region:
            notices.append(Notice("{name} is in {region}: --region {region}", name=key.name, region=key.region))
    return notices


def _start_faults(record: FunctionRecord) -> list[str]:
    """The reason why the platform would not start a web function, if there is one. Its code may be built later."""
    try:
        check_start_file(record.code_folder)
    except NotStartable as error:
        words = "{name}: {fault}: requests to it are answered with 443"
        return [Notice(words, name=record.key.name, fault=error.words)]
    except OSError as error:
        words = "{name}: '{file}' can't be read: {reason}"
        return [Notice(words, name=record.key.name, file=START_FILE, reason=error.strerror or "")]
    return []


def _package_notices(settings: Settings, project: Project, interpreters: Interpreters) -> list[str]:
    """The functions that run on another Python than a virtual environment has modules for."""
    notices: list[str] = []
    for folder in settings.packages:
        versions = folder.versions()
        for key, record in project.records.items():
            version = interpreters.running_version(record.runtime)
            if versions and version and folder.function in ("", key.name) and version not in versions:
                words = "{name} runs on Python {version} and gets no package of {folder}, which is of Python {versions}"
                parts = {"version": version, "folder": str(folder.path), "versions": ", ".join(versions)}
                notices.append(Notice(words, name=key.name, **parts))
    return notices


def _port_notices(settings: Settings, *, is_older: bool) -> list[str]:
    """The change of the default port, told once to users of an older state folder."""
    if not is_older or settings.port != DEFAULT_PORT:
        return []
    words = "the default port is {port} now; it was {old}: --port {old} keeps it"
    return [Notice(words, port=str(DEFAULT_PORT), old=str(OLD_DEFAULT_PORT))]


def list_notices(settings: Settings, project: Project, interpreters: Interpreters, *, is_older: bool) -> list[str]:
    """Return the lines for the user, in the order in which they are told.

    :param is_older: True if the state folder is of a server with another default port
    """
    notices = [*_port_notices(settings, is_older=is_older), *project.told_at_start()]
    notices += _function_notices(settings, project)
    notices += _package_notices(settings, project, interpreters)
    notices += [Notice("warning: {warning}", warning=warning) for warning in interpreters.warnings]
    notices += _debugger_notices(settings)
    if not settings.is_loopback:
        words = (
            "warning: {host} can be reached from other machines. Functions run with your user's rights, and any "
            "holder of a key can run code: the isolation is against crashes, not against attackers."
        )
        notices.append(Notice(words, host=settings.host))
    return notices


def _debugger_notices(settings: Settings) -> list[str]:
    """The functions that run under a debugger, where no limit of the platform holds."""
    words = "{name}: runs under debugpy on 127.0.0.1:{port}, one instance, without its timeout and memory limit"
    found = [Notice(words, name=name, port=str(port)) for name, port in settings.debug_ports.items()]
    if not settings.waits_for_debugger:
        return [*found]
    return [Notice("{notice}; its code loads when a debugger is attached", notice=each) for each in found]


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
