"""Files that outlive a request: the state folder, the secret file and the env file. All private to their owner."""

import contextlib
import fcntl
import os
import shlex
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from tencentserverless.local.keys import make_key_pair
from tencentserverless.local.settings import (
    CA_BUNDLE_NAME,
    CA_KEY_NAME,
    CA_NAME,
    TRUST_VARIABLES,
    Reason,
    StartRefused,
)
from tencentserverless.models import Credentials

ENDPOINT_VARIABLE = "TENCENTSERVERLESS_ENDPOINT_URL"
#: Either spelling may stand in a secret file; both are written to the env file, so that a real pair never wins.
ID_VARIABLES = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRET_ID")
KEY_VARIABLES = ("TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SECRET_KEY")
TOKEN_VARIABLE = "TENCENTCLOUD_SESSIONTOKEN"  # noqa: S105  # a name
REGION_VARIABLE = "TENCENTCLOUD_REGION"
#: Where the proxy is, for ``HTTPS_PROXY=$TENCENTSERVERLESS_LOCAL_PROXY program``. It is not HTTPS_PROXY itself: the
#: proxy leads to SCF alone, and everything else that the shell starts would be cut off.
PROXY_VARIABLE = "TENCENTSERVERLESS_LOCAL_PROXY"
#: Opens the server's own endpoint, ``/_local/``; for programs on this machine, so ``scf local env`` does not print it.
ADMIN_TOKEN_VARIABLE = "TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"  # noqa: S105  # a name
ENV_VARIABLES = (ENDPOINT_VARIABLE, *ID_VARIABLES, *KEY_VARIABLES, TOKEN_VARIABLE, REGION_VARIABLE)

_SECRETS_FILE = "credentials"
_ENV_FILE = "env"
_LOCK_FILE = "lock"
_IGNORE_ALL = "*\n"
_IGNORE_FILE = ".gitignore"
_MAX_FILE_BYTES = 64 * 1024
_LOCK_SECONDS = 1.0
_LOOK_SECONDS = 0.01


#: What ``scf local reset --all`` leaves: who may call, and whom clients trust.
KEPT_NAMES = frozenset((_SECRETS_FILE, _IGNORE_FILE, _LOCK_FILE, CA_NAME, CA_BUNDLE_NAME, CA_KEY_NAME))


def environment_of(endpoint_url: str, owner: Credentials, region: str) -> dict[str, str]:
    """The variables that make a client call this server."""
    variables = {ENDPOINT_VARIABLE: endpoint_url}
    variables.update(dict.fromkeys(ID_VARIABLES, owner.secret_id))
    variables.update(dict.fromkeys(KEY_VARIABLES, owner.secret_key))
    variables.update({TOKEN_VARIABLE: "", REGION_VARIABLE: region})
    return variables


def trust_of(ca_file: Path, bundle_file: Path) -> dict[str, str]:
    """The variables that make a client trust this server, beside what it trusts already."""
    bundle = str(bundle_file.absolute())
    values = dict.fromkeys(TRUST_VARIABLES, bundle)
    values["NODE_EXTRA_CA_CERTS"] = str(ca_file.absolute())  # Node.js adds it to the roots that it has
    return values


def write_private(path: Path, variables: Mapping[str, str]) -> None:
    """Write ``KEY=VALUE`` lines that a shell can source, mode 0600, whole or not at all.

    :raises StartRefused: if it can't be written
    """
    text = "".join(f"{name}={shlex.quote(value) if value else ''}\n" for name, value in variables.items())
    write_private_bytes(path, text.encode("utf-8"))


def write_private_bytes(path: Path, data: bytes) -> None:
    """Write a file, mode 0600, whole or not at all.

    :raises StartRefused: if it can't be written
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise StartRefused(Reason.STATE, f"{path}: can't be written: {error.strerror}") from error


def read_variables(path: Path) -> dict[str, str]:
    """The ``KEY=VALUE`` lines of a file, as ``write_private`` or a person wrote them.

    :raises OSError: if it can't be read
    :raises ValueError: if a line is none
    """
    with path.open(encoding="utf-8") as file:
        text = file.read(_MAX_FILE_BYTES)
    variables = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals:
            raise ValueError(f"line {number} is not KEY=VALUE")
        try:
            variables[name.strip()] = "".join(shlex.split(value))
        except ValueError:
            raise ValueError(f"line {number} has a quote that is not closed") from None
    return variables


def read_secret_file(path: Path) -> Credentials:
    """The key pair that the user chose. No error of this shows what the file holds.

    :raises StartRefused: if others can read the file, or it holds no pair
    """
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise StartRefused(
                Reason.SECRETS, f"{path}: others can read this file; do: chmod 600 {shlex.quote(str(path))}"
            )
        variables = read_variables(path)
    except OSError as error:
        raise StartRefused(Reason.SECRETS, f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise StartRefused(Reason.SECRETS, f"{path}: not a text in UTF-8") from None
    except ValueError as error:
        raise StartRefused(Reason.SECRETS, f"{path}: {error}") from None
    secret_id = _first(variables, ID_VARIABLES)
    secret_key = _first(variables, KEY_VARIABLES)
    if not secret_id or not secret_key:
        names = f"{ID_VARIABLES[0]}=... and {KEY_VARIABLES[0]}=..."
        raise StartRefused(Reason.SECRETS, f"{path}: needs both {names}")
    if not (secret_id + secret_key).isascii() or not (secret_id + secret_key).isprintable() or "/" in secret_id:
        raise StartRefused(Reason.SECRETS, f"{path}: a key holds characters that no request can carry")
    return Credentials(secret_id, secret_key)


def _first(variables: Mapping[str, str], names: Iterable[str]) -> str:
    return next((variables[name] for name in names if variables.get(name)), "")


class StateFolder:
    """What a server keeps between runs: its key pair and, while it runs, its env file.

    :raises StartRefused: if the folder is somebody else's, or can't be made
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        ignore_file = path / _IGNORE_FILE
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.stat().st_uid != os.getuid():
                raise StartRefused(Reason.STATE, f"{path}: another user owns this folder; choose one with --state")
            if any(path.iterdir()) and not _is_ours(ignore_file):
                raise StartRefused(
                    Reason.STATE, f"{path}: holds files of somebody else; choose a new folder with --state"
                )
            path.chmod(0o700)
            ignore_file.write_text(_IGNORE_ALL, encoding="ascii")
        except OSError as error:
            raise StartRefused(Reason.STATE, f"{path}: {error.strerror}") from error

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other servers out: each would take the other's code for leftovers. A killed server holds nothing.

        :raises StartRefused: if another server holds it
        """
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context((self.path / _LOCK_FILE).open("ab"))  # which no child inherits
                _lock(file)
            except BlockingIOError:
                advice = "stop it with: scf local stop, or choose another folder with --state, or none with --ephemeral"
                raise StartRefused(
                    Reason.STATE, f"{self.path}: another local SCF runs from this folder; {advice}"
                ) from None
            except OSError as error:
                raise StartRefused(Reason.STATE, f"{self.path}: can't be locked: {error.strerror}") from error
            yield

    def credentials(self) -> Credentials:
        """The key pair of this folder, made at the first start."""
        path = self.path / _SECRETS_FILE
        if path.exists():
            return read_secret_file(path)
        owner = make_key_pair()
        write_private(path, {ID_VARIABLES[0]: owner.secret_id, KEY_VARIABLES[0]: owner.secret_key})
        return owner

    def write_environment(self, variables: Mapping[str, str]) -> None:
        """Say how to call the server that runs."""
        write_private(environment_file(self.path), variables)

    def forget_environment(self, endpoint_url: str) -> None:
        """The server has stopped. Another one's file stays."""
        path = environment_file(self.path)
        with contextlib.suppress(OSError, ValueError):
            if read_variables(path).get(ENDPOINT_VARIABLE) == endpoint_url:
                path.unlink()


def _lock(file: IO[bytes]) -> None:
    """Lock a file. A server that was killed may have been about to start a process, which lets go in a moment.

    :raises BlockingIOError: if another server has it
    """
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _is_ours(ignore_file: Path) -> bool:
    """Whether a folder has been a state folder before: nobody's project may be locked or hidden from git."""
    return ignore_file.is_file() and ignore_file.stat().st_size == len(_IGNORE_ALL)


def let_write(folder: Path) -> None:
    """Give a folder, and those in it, the bits that it takes to remove them: those of code have no write bits.

    What can't be changed stays as it is. Links are not followed.
    """
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for place, names, _ in os.walk(folder):
        for name in names:  # before the walk goes into it
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)


def is_state_folder(path: Path) -> bool:
    """Has a server kept its state there?"""
    return _is_ours(path / _IGNORE_FILE)


def environment_file(state: Path) -> Path:
    """Where the env file of a state folder is, while its server runs."""
    return state / _ENV_FILE
