"""The meaning of ``${...}`` in a configuration file: variables, the names of an instance, outputs of others.

Source: ``resolveVariables`` in src/cli/utils.js of @serverless/components 3.18. What it leaves, the deploy service
resolves: ``${app}``, ``${stage}``, ``${name}``, ``${org}`` and ``${output:STAGE:APP:INSTANCE.KEY}``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tencentserverless.local.project.yaml_nodes import UnknownReference

_ENVIRONMENT, _OUTPUT = "env:", "output:"


def _no_output(_name: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class References:
    """The values that a file's references can have.

    :param variables: of ``${env:X}``
    :param names: of ``${app}``, ``${stage}``, ``${name}``, where the file gives them
    :param find_output: the value of ``STAGE:APP:INSTANCE.KEY``; None if no function of the project has it
    """

    variables: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    find_output: Callable[[str], str | None] = _no_output

    def find(self, name: str) -> str | None:
        """Return the value of a reference; None if it is unset.

        :raises UnknownReference: if it has no meaning here
        """
        if name.startswith(_ENVIRONMENT):
            return self.variables.get(name[len(_ENVIRONMENT) :])
        if name.startswith("env."):  # the form of the tool's first version
            return self.variables.get(name[len("env.") :])
        if name in self.names:
            return self.names[name]
        if name.startswith(_OUTPUT):
            value = self.find_output(name[len(_OUTPUT) :])
            if value is None:
                raise UnknownReference(f"; give it a value with --output {name[len(_OUTPUT) :]}=VALUE")
            return value
        known = ", ".join(f"${{{each}}}" for each in ("env:X", *sorted(self.names)))
        raise UnknownReference(f"; known are {known}")


def find_mustache(variables: Mapping[str, str], env_id: str) -> Callable[[str], str | None]:
    """Make the meaning of ``{{...}}`` in a cloudbaserc.json (docs.cloudbase.net/cli-v1/config)."""

    def find(name: str) -> str | None:
        if name.startswith("env."):
            return variables.get(name[len("env.") :])
        if name == "tcb.envId":
            return env_id or None
        raise UnknownReference("; known are {{env.X}} and {{tcb.envId}}")

    return find
