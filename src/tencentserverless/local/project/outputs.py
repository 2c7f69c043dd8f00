"""Outputs of instances: ``${output:STAGE:APP:INSTANCE.KEY}``, of functions of the same project, or given by the user.

Source: src/serverless.js of serverless-components/tencent-scf: the outputs of a deployment.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tencentserverless.local.project.configuration_files import find_serverless
from tencentserverless.local.project.file_reading import read_file
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.registry.function_version import LATEST, FunctionRecord


class Outputs:
    """The outputs that files of a project can name.

    :param given: values by ``STAGE:APP:INSTANCE.KEY``, which count before those of the project
    """

    def __init__(self, surroundings: Surroundings, given: Mapping[str, str]) -> None:
        self._surroundings = surroundings
        self._given = given
        self._readings: dict[Path, FileReading] = {}

    def around(self, folder: Path) -> Surroundings:
        """Return the surroundings of the files of a folder."""
        return dataclasses.replace(self._surroundings, find_output=self._finder(folder))

    def _finder(self, folder: Path) -> Callable[[str], str | None]:
        def find(name: str) -> str | None:
            if name in self._given:
                return self._given[name]
            instance, _, key = name.partition(".")
            for reading in self._neighbours(folder):
                if reading.instance == instance and len(reading.functions) == 1:
                    record = reading.functions[0].record
                    return _outputs_of(record).get(key) if record is not None else None
            return None

        return find

    def _neighbours(self, folder: Path) -> Iterator[FileReading]:
        """Yield the files of the folder above and of the folders in it, which are one project for the tool."""
        try:
            folders = [folder.parent, *sorted(each for each in folder.parent.iterdir() if each.is_dir())]
        except OSError:
            return
        for each in (folder, *folders):
            for path in find_serverless(each):
                if path not in self._readings:
                    self._readings[path] = read_file(path, self._surroundings)
                yield self._readings[path]


def _outputs_of(record: FunctionRecord) -> dict[str, str]:
    return {
        "name": record.key.name,
        "functionName": record.key.name,
        "namespace": record.key.namespace,
        "region": record.key.region,
        "runtime": record.runtime,
        "handler": record.handler,
        "description": record.description,
        "memorySize": str(record.memory_mb),
        "type": "web" if record.type == "HTTP" else "event",
        "lastVersion": LATEST,
        "traffic": "1",
    }
