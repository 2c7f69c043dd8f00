"""Reads one configuration file for a test: its only function, with the lines about it."""

from typing import NamedTuple

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.project.file_reading import read_file
from tencentserverless.local.project.surroundings import Surroundings
from tencentserverless.local.registry.function_version import FunctionRecord


class One(NamedTuple):
    """The function of a file, None if it has none; notices; settings without effect."""

    record: FunctionRecord | None
    notices: list[str]
    idle: tuple[str, ...] = ()


def read_all(path, environment=None, region="ap-guangzhou", now=0.0):
    """The reading of a file."""
    return read_file(path, Surroundings(region, environment or {}, now))


def read_one(path, environment=None):
    """The only function of a file; raises its faults, as ``scf local start`` does for a single function."""
    reading = read_all(path, environment)
    faults = [*reading.report.faults, *(line for each in reading.functions for line in each.report.faults)]
    if faults:
        raise StartupError(Reason.PROJECT, "\n".join(faults))
    notices = [*reading.report.notices, *([reading.unread] if reading.unread else [])]
    for each in reading.functions:
        return One(each.record, [*notices, *each.report.notices, *each.report.doubts], each.idle)
    return One(None, notices)


def read_inputs(folder, *lines):
    """The function of a serverless.yml whose inputs are these lines, as ``read_one`` has it."""
    path = folder / "serverless.yml"
    body = "".join(f"  {line}\n" for line in ("name: fn", "src: .", *lines))
    path.write_text(f"component: scf\nname: x\ninputs:\n{body}")
    return read_one(path)
