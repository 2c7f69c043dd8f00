"""The target of a command: the cloud, or a local SCF, with its keys."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tencentserverless.cli.extras import POSIX_HINT, is_windows

if TYPE_CHECKING:
    from tencentserverless.config import Origin
    from tencentserverless.models import Credentials
    from tencentserverless.scf import Client

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A region and a namespace, with the address and the keys to reach them.

    :ivar origin: the address, with its proxy and its root certificates
    :ivar endpoint: a URL, None for that of the environment
    :ivar keys: the keys of the local SCF that was found, None for those of the environment
    """

    region: str
    namespace: str
    origin: "Origin"
    endpoint: str | None = None
    keys: "Credentials | None" = None

    @property
    def is_local(self) -> bool:
        """True if the address is on this machine."""
        from tencentserverless.config import is_loopback

        return is_loopback(self.origin.host)

    @property
    def url(self) -> str:
        """The address as a URL."""
        return f"{'https' if self.origin.is_tls else 'http'}://{self.origin.authority}"

    @property
    def place(self) -> str:
        """The place of its functions, in words."""
        where = "local SCF" if self.is_local else "cloud"
        return f"namespace {self.namespace} of {self.region} ({where})"

    @property
    def option(self) -> str:
        """The option that leads another command to the same place, for a command line that is printed."""
        return " --local" if self.keys is not None else ""

    def credentials(self) -> "Credentials":
        """The keys to sign with now.

        :raises CredentialError: if there are none
        """
        from tencentserverless.credentials import choose_provider

        return self.keys or choose_provider(None, None, None).get(False)

    def open_client(self, **options: Any) -> "Client":
        """A client that calls it.

        :param options: further options of ``scf.Client``
        """
        from tencentserverless.scf import Client

        keys = (self.keys.secret_id, self.keys.secret_key) if self.keys else (None, None)
        given = {"endpoint": self.endpoint, "ca_file": self.origin.ca_file, "language": "en-US", **options}
        return Client(self.region, *keys, **given)

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Turn an error of a connection to this machine into a failure that says how to start a local SCF."""
        from tencentserverless.exception import ConnectError

        try:
            yield
        except ConnectError as error:
            if not self.is_local:
                raise
            from tencentserverless.cli.output.failures import no_local_server

            raise no_local_server(self.url) from error


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """The options that choose a target.

    :ivar server_path: the state folder of a local SCF, its project, or its env file; None if none is named
    """

    region: str | None = None
    namespace: str = "default"
    is_local: bool = False
    server_path: Path | None = None


def local_options(command: _Command) -> _Command:
    """Add the options that choose a local SCF to a command that takes ``is_local`` and ``server_path``."""
    for option in (
        click.option("--state", "--env-file", "server_path", type=click.Path(path_type=Path), help=_STATE_HELP),
        click.option("--local", "is_local", is_flag=True, help=_LOCAL_HELP),
    ):
        command = option(command)
    return command


_LOCAL_HELP = "Use the local SCF of the folder that you are in, or the only one that runs."
_STATE_HELP = "Use the local SCF of this project, state folder or env file."


def target_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Add the options that choose a target to a command that takes ``place``."""

    @functools.wraps(command)
    def collect(
        *args: Any, region: str | None, namespace: str, is_local: bool, server_path: Path | None, **others: Any
    ) -> _Result:
        return command(*args, place=Place(region, namespace, is_local, server_path), **others)

    for option in (
        local_options,
        click.option("--namespace", default="default", show_default=True, help="Namespace of the function."),
        click.option("--region", help="Region of the function.  [default: TENCENTCLOUD_REGION, else ap-guangzhou]"),
    ):
        collect = option(collect)
    return collect


def choose_target(place: Place, folder: Path | None = None) -> Target:
    """The target that the options choose.

    :param folder: a folder to look for a local SCF in or around, before the current folder
    :raises click.UsageError: if an option or a variable of the environment can't be used
    :raises StartupError: if there is no local SCF to be found
    """
    from tencentserverless.config import Addressing, check_region

    is_local = place.is_local or place.server_path is not None
    if is_local and is_windows():
        raise click.UsageError(f"--local: the local SCF {POSIX_HINT}")
    endpoint = ca_file = keys = None
    region = place.region
    found = _find_local(place.server_path, folder) if is_local else None
    if found is not None:
        from tencentserverless.models import Credentials

        endpoint, ca_file = found["TENCENTSERVERLESS_ENDPOINT_URL"], found.get("SSL_CERT_FILE")
        keys = Credentials(found["TENCENTCLOUD_SECRETID"], found["TENCENTCLOUD_SECRETKEY"])
        region = region or found["TENCENTCLOUD_REGION"]
    try:
        region = check_region(region)
        origin = Addressing(endpoint, None, ca_file).locate(region)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return Target(region, place.namespace, origin, endpoint, keys)


def _find_local(server_path: Path | None, folder: Path | None) -> dict[str, str] | None:
    """The variables of the local SCF that is meant; None if the environment leads to one already.

    The order: one that is named, one of a folder, one of the current folder, that of the environment, the only one.

    :raises StartupError: if no local SCF is found
    """
    from tencentserverless.local.errors import StartupError
    from tencentserverless.local.serve import choose_source, find_server, find_state, running_environment

    if server_path is not None:
        return running_environment(choose_source(server_path))
    for each in (folder, Path()):
        if each is not None:
            with contextlib.suppress(StartupError):
                return running_environment(find_state(each))
    return None if _leads_here() else running_environment(find_server(folder or Path()))


def _leads_here() -> bool:
    """True if the environment leads clients to a server of this machine."""
    from tencentserverless.config import Addressing, ambient_region, is_loopback

    with contextlib.suppress(ValueError):
        return is_loopback(Addressing(None, None, None).locate(ambient_region()).host)
    return False
