"""The surroundings of a configuration file: what it does not say itself, and what a reader returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tencentserverless.local.project.function_reading import FunctionReading
from tencentserverless.local.project.notices import Report


def _no_output(_name: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The values that readers take from outside of a file.

    :param region: the region of a function that names none
    :param environment: variables of the process, which count more than those of ``.env`` files
    :param now: UNIX seconds
    :param find_output: the value of ``${output:STAGE:APP:INSTANCE.KEY}``, None if no function of the project has it
    """

    region: str
    environment: Mapping[str, str]
    now: float
    find_output: Callable[[str], str | None] = _no_output


@dataclass(frozen=True, slots=True)
class FileReading:
    """The content of a file.

    :param functions: the functions that it names, read or not
    :param report: lines about the file as a whole
    :param unread: why its functions are not read, and the way out; ``""`` if they are
    :param is_ours: True if it configures functions of Tencent Cloud
    :param instance: ``STAGE:APP:NAME``, by which others name its outputs
    """

    path: Path
    functions: tuple[FunctionReading, ...] = ()
    report: Report = field(default_factory=Report)
    unread: str = ""
    is_ours: bool = True
    instance: str = ""
