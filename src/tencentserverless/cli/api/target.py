"""Where a command goes: the cloud, or a local SCF, with the keys that open it."""

import contextlib
import dataclasses
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


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A region and a namespace, and how they are reached.

    :ivar origin: the address, its proxy and its roots
    :ivar endpoint: a URL, None for what the environment says
    :ivar keys: of the local SCF that was found, None for the keys around us
    """

    region: str
    namespace: str
    origin: "Origin"
    endpoint: str | None = None
    keys: "Credentials | None" = None

    @property
    def is_local(self) -> bool:
        """Does it stay on this machine?"""
        from tencentserverless.config import is_loopback

        return is_loopback(self.origin.host)

    @property
    def url(self) -> str:
        """The address as people write it."""
        return f"{'https' if self.origin.is_tls else 'http'}://{self.origin.authority}"

    @property
    def place(self) -> str:
        """Where its functions are, in words."""
        where = "local SCF" if self.is_local else "cloud"
        return f"namespace {self.namespace} of {self.region} ({where})"

    def credentials(self) -> "Credentials":
        """The keys to sign with now.

        :raises CredentialError: if there are none
        """
        from tencentserverless.credentials import choose_provider

        return self.keys or choose_provider(None, None, None).get(False)

    def open_client(self, **options: Any) -> "Client":
        """A client that calls it.

        :param options: further ones of ``scf.Client``
        """
        from tencentserverless.scf import Client

        keys = (self.keys.secret_id, self.keys.secret_key) if self.keys else (None, None)
        given = {"endpoint": self.endpoint, "ca_file": self.origin.ca_file, "language": "en-US", **options}
        return Client(self.region, *keys, **given)

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Say what to do where nothing listens on this machine."""
        from tencentserverless.exception import ConnectError

        try:
            yield
        except ConnectError as error:
            if not self.is_local:
                raise
            from tencentserverless.cli.output.failures import no_local_server

            raise no_local_server(self.url) from error


def target_options(command: _Command) -> _Command:
    """The options that choose a target, for a command that takes ``region``, ``namespace`` and ``is_local``."""
    for option in (
        click.option("--local", "is_local", is_flag=True, help="Call the local SCF of the folder that you are in."),
        click.option("--namespace", default="default", show_default=True, help="Namespace of the function."),
        click.option("--region", help="Region of the function.  [default: TENCENTCLOUD_REGION, else ap-guangzhou]"),
    ):
        command = option(command)
    return command


def choose_target(region: str | None, namespace: str, is_local: bool, folder: Path | None = None) -> Target:
    """The target that the options mean.

    :param folder: in or around which a local SCF is looked for, before the one that we are in
    :raises click.UsageError: if an option or a variable of the environment can't be used
    :raises StartupError: if there is no local SCF to be found
    """
    from tencentserverless.config import Addressing, check_region

    if is_local and is_windows():
        raise click.UsageError(f"--local: the local SCF {POSIX_HINT}")
    endpoint = ca_file = keys = None
    found = _find_local(folder) if is_local else None
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
    return Target(region, namespace, origin, endpoint, keys)


def _find_local(folder: Path | None) -> dict[str, str] | None:
    """What leads to the local SCF of a folder, or of ours; None where the environment leads to one already.

    :raises StartupError: if none of them does
    """
    from tencentserverless.config import Addressing, ambient_region, is_loopback
    from tencentserverless.local.app import find_state, running_environment
    from tencentserverless.local.errors import StartupError

    if folder is not None:
        with contextlib.suppress(StartupError):
            return running_environment(find_state(folder))
    try:
        return running_environment(find_state(Path()))
    except StartupError:
        with contextlib.suppress(ValueError):
            if is_loopback(Addressing(None, None, None).locate(ambient_region()).host):
                return None
        raise
