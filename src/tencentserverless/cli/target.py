"""Where a command goes: the cloud, or the local SCF."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tencentserverless.scf import Client

Command = TypeVar("Command", bound=Callable[..., Any])
STATE_FOLDER = ".scf"  # local.settings names it too; loading that costs a third of a command's start


@dataclass(frozen=True, slots=True)
class Target:
    """Where a command goes.

    :ivar state: the state folder, or the env file, of the local SCF to call; None for what the environment says
    :ivar region: None for the environment's
    """

    state: Path | None
    region: str | None
    namespace: str

    def open_client(self, **options: Any) -> "Client":
        """A client that calls there.

        :param options: further ones of ``scf.Client``
        :raises StartRefused: if no local SCF runs where one is named
        """
        from tencentserverless.scf import Client

        if self.state is None:
            return Client(self.region, **options)
        from tencentserverless.local.app import running_environment

        found = running_environment(self.state)
        return Client(
            self.region or found["TENCENTCLOUD_REGION"],
            found["TENCENTCLOUD_SECRETID"],
            found["TENCENTCLOUD_SECRETKEY"],
            endpoint=found["TENCENTSERVERLESS_ENDPOINT_URL"],
            ca_file=found.get("SSL_CERT_FILE") or None,
            **options,
        )


def targeted(command: Command) -> Command:
    """Give a command the options that say where it goes; it is called with ``target``."""

    def call(
        *args: Any, is_local: bool, state: Path | None, region: str | None, namespace: str, **options: Any
    ) -> object:
        chosen = state or (Path(STATE_FOLDER) if is_local else None)
        return command(*args, target=Target(chosen, region, namespace), **options)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        click.option("--namespace", default="default", show_default=True, help="Namespace of the function."),
        click.option("--region", help="Region.  [default: TENCENTCLOUD_REGION, else ap-guangzhou]"),
        click.option(
            "--state",
            type=click.Path(path_type=Path),
            help=f"State folder or env file of a local SCF; brings --local.  [default: {STATE_FOLDER}/]",
        ),
        click.option("--local", "is_local", is_flag=True, help="Go to the local SCF that runs from here."),
    ):
        call = option(call)
    return call  # type: ignore[return-value]
