"""``app``, ``stage`` and ``name`` of a serverless.yml, from the file itself and from the one in the folder above.

Source: ``loadInstanceConfigUncached`` in src/cli/utils.js of @serverless/components 3.18: the parent's ``app`` and
``stage`` count before the file's own, the stage is ``dev``, and the app is the name where nothing else is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.errors import StartupError
from tencentserverless.local.project.configuration_files import find_serverless
from tencentserverless.local.project.env_files import read_variables
from tencentserverless.local.project.references import References
from tencentserverless.local.project.surroundings import Surroundings
from tencentserverless.local.project.yaml_nodes import Node, Scope, read_yaml

DEFAULT_STAGE = "dev"
_INHERITED = ("app", "stage", "org")


@dataclass(frozen=True, slots=True)
class InstanceNames:
    """The names of an instance, and the meaning of the references in its inputs."""

    app: str
    stage: str
    name: str
    references: References

    @property
    def instance(self) -> str:
        """``STAGE:APP:NAME``, by which other files name its outputs."""
        return f"{self.stage}:{self.app}:{self.name}"

    @property
    def timer_name(self) -> str:
        """The tool's name of a timer without one."""
        return f"timer-{self.name}-{self.stage}"


def read_names(top: Node, surroundings: Surroundings) -> InstanceNames:
    """Read the names of a file, and find the variables of its stage."""
    folder = top.path.parent
    above = _read_above(folder.parent)
    first = _own_names(top, surroundings.environment)
    stage = above.get("stage") or first.get("stage") or DEFAULT_STAGE
    variables = read_variables(folder, stage, surroundings.environment)
    own = _own_names(top, variables)
    stage = above.get("stage") or own.get("stage") or DEFAULT_STAGE
    name = own.get("name", "")
    app = above.get("app") or own.get("app") or name
    known = {"app": app, "stage": stage, "name": name, "org": above.get("org") or own.get("org", "")}
    names = {key: value for key, value in known.items() if value}
    return InstanceNames(app, stage, name, References(variables, names, surroundings.find_output))


def _own_names(top: Node, variables: Mapping[str, str]) -> dict[str, str]:
    scoped = top.within(Scope(References(variables).find))
    values = scoped.mapping() if scoped.is_mapping() else {}
    return {
        key: values[key].converted()
        for key in (*_INHERITED, "name")
        if key in values and not values[key].is_absent() and not values[key].is_mapping()
    }


def _read_above(folder: Path) -> dict[str, str]:
    """Return what the file of the folder above says; nothing if it can't be read, as for the tool."""
    for path in find_serverless(folder):
        try:
            top = read_yaml(path)
            return _own_names(top, {}) if top is not None and top.is_mapping() else {}
        except StartupError:
            return {}
    return {}
