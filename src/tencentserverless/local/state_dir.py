"""The state folder, which outlives a run: its key pair, its lock, and the env file that tells clients how to call."""

import contextlib
import fcntl
import os
import shlex
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tencentserverless.local.access_keys import make_key_pair
from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.private_files import read_variables, write_private
from tencentserverless.local.settings import (
    CA_BUNDLE_NAME,
    CA_NAME,
    DEFAULT_UIN,
    DIRECT_VARIABLES,
    SERVER_KEY_NAME,
    TRUST_VARIABLES,
)
from tencentserverless.models import Credentials

ENDPOINT_VARIABLE = "TENCENTSERVERLESS_ENDPOINT_URL"
#: A secret file may have either spelling; the env file has both, so that no real key pair takes precedence.
ID_VARIABLES = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRET_ID")
KEY_VARIABLES = ("TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SECRET_KEY")
TOKEN_VARIABLE = "TENCENTCLOUD_SESSIONTOKEN"  # noqa: S105  # a name
REGION_VARIABLE = "TENCENTCLOUD_REGION"
UIN_VARIABLE = "TENCENTCLOUD_UIN"  # in the signatures of function URLs
#: Address of the proxy, for ``HTTPS_PROXY=$TENCENTSERVERLESS_LOCAL_PROXY program``. It is not HTTPS_PROXY itself: the
#: proxy leads only to SCF, and would cut off all other programs that the shell starts.
PROXY_VARIABLE = "TENCENTSERVERLESS_LOCAL_PROXY"
#: The token of the server's own endpoint, ``/_local/``. It is for programs on this machine, so ``scf local env`` does
#: not print it.
ADMIN_TOKEN_VARIABLE = "TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"  # noqa: S105  # a name
ENV_VARIABLES = (ENDPOINT_VARIABLE, *ID_VARIABLES, *KEY_VARIABLES, TOKEN_VARIABLE, REGION_VARIABLE, UIN_VARIABLE)

_SECRETS_FILE = "credentials"
_ENV_FILE = "env"
_LOCK_FILE = "lock"
_LOCK_SECONDS = 1.0
_LOOK_SECONDS = 0.01
_LAYOUT_FILE = "layout"
_LAYOUT = "2\n"  # 1, without the file: the default port was OLD_DEFAULT_PORT
_IGNORE_ALL = "*\n"
_IGNORE_FILE = ".gitignore"


#: Files that ``scf local reset --all`` keeps: keys, certificates, the lock and the ignore file.
KEPT_NAMES = frozenset(
    (_SECRETS_FILE, _IGNORE_FILE, _LOCK_FILE, _LAYOUT_FILE, CA_NAME, CA_BUNDLE_NAME, SERVER_KEY_NAME)
)


def environment_of(endpoint_url: str, owner: Credentials, region: str) -> dict[str, str]:
    """Return the variables that make a client call this server."""
    variables = {ENDPOINT_VARIABLE: endpoint_url}
    variables.update(dict.fromkeys(ID_VARIABLES, owner.secret_id))
    variables.update(dict.fromkeys(KEY_VARIABLES, owner.secret_key))
    variables.update({TOKEN_VARIABLE: "", REGION_VARIABLE: region, UIN_VARIABLE: DEFAULT_UIN})
    return variables


def direct_hosts(endpoint_url: str, present: str) -> dict[str, str]:
    """Return the variables that keep a proxy of the shell out of the way to this server.

    Its host stands there with and without the port: Tencent's SDK for Python looks for the endpoint as it was given,
    other clients for the name.

    :param present: the hosts that are reached without a proxy already
    """
    kept = leave_direct_hosts(endpoint_url, present)
    return dict.fromkeys(DIRECT_VARIABLES, ",".join([*([kept] if kept else []), *_own_hosts(endpoint_url)]))


def leave_direct_hosts(endpoint_url: str, present: str) -> str:
    """Return the hosts that are reached without a proxy, without those that ``direct_hosts`` has added."""
    return present.removesuffix(",".join(_own_hosts(endpoint_url))).removesuffix(",")


def _own_hosts(endpoint_url: str) -> tuple[str, str]:
    address = urlsplit(endpoint_url)
    return address.hostname or "", address.netloc


def trust_of(ca_file: Path, bundle_file: Path) -> dict[str, str]:
    """Return the variables that make a client trust this server, in addition to its present roots."""
    bundle = str(bundle_file.absolute())
    values = dict.fromkeys(TRUST_VARIABLES, bundle)
    values["NODE_EXTRA_CA_CERTS"] = str(ca_file.absolute())  # Node.js adds the file to the roots that it has
    return values


def read_secret_file(path: Path) -> Credentials:
    """Read the key pair that the user chose. No error message shows the content of the file.

    :raises StartupError: if other users can read the file, or it holds no pair
    """
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise StartupError(
                Reason.SECRETS, f"{path}: others can read this file; do: chmod 600 {shlex.quote(str(path))}"
            )
        variables = read_variables(path)
    except OSError as error:
        raise StartupError(Reason.SECRETS, f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise StartupError(Reason.SECRETS, f"{path}: not a text in UTF-8") from None
    except ValueError as error:
        raise StartupError(Reason.SECRETS, f"{path}: {error}") from None
    secret_id = _first(variables, ID_VARIABLES)
    secret_key = _first(variables, KEY_VARIABLES)
    if not secret_id or not secret_key:
        names = f"{ID_VARIABLES[0]}=... and {KEY_VARIABLES[0]}=..."
        raise StartupError(Reason.SECRETS, f"{path}: needs both {names}")
    if not (secret_id + secret_key).isascii() or not (secret_id + secret_key).isprintable() or "/" in secret_id:
        raise StartupError(Reason.SECRETS, f"{path}: a key holds characters that no request can carry")
    return Credentials(secret_id, secret_key)


def _first(variables: Mapping[str, str], names: Iterable[str]) -> str:
    return next((variables[name] for name in names if variables.get(name)), "")


class StateFolder:
    """The files that a server keeps between runs: its key pair and, while it runs, its env file.

    :raises StartupError: if the folder belongs to another program or user, or can't be made
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        ignore_file = path / _IGNORE_FILE
        self.is_older: bool = False  # its last server had another default port
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.stat().st_uid != os.getuid():
                raise StartupError(Reason.STATE, f"{path}: another user owns this folder; choose one with --state")
            if any(path.iterdir()) and not _is_ours(ignore_file):
                raise StartupError(
                    Reason.STATE, f"{path}: holds files of another program; choose a new folder with --state"
                )
            path.chmod(0o700)
            self.is_older = ignore_file.exists() and not (path / _LAYOUT_FILE).exists()
            ignore_file.write_text(_IGNORE_ALL, encoding="ascii")
            (path / _LAYOUT_FILE).write_text(_LAYOUT, encoding="ascii")
        except OSError as error:
            raise StartupError(Reason.STATE, f"{path}: {error.strerror}") from error

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Lock the folder: another server would take this one's code for leftovers. A killed server holds no lock.

        :raises StartupError: if another server holds it
        """
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context((self.path / _LOCK_FILE).open("ab"))  # no child inherits the lock
                _lock(file)
            except BlockingIOError:
                advice = "stop it with: scf local stop, or choose another folder with --state, or none with --ephemeral"
                raise StartupError(
                    Reason.STATE, f"{self.path}: another local SCF runs from this folder; {advice}"
                ) from None
            except OSError as error:
                raise StartupError(Reason.STATE, f"{self.path}: can't be locked: {error.strerror}") from error
            yield

    def credentials(self) -> Credentials:
        """Return the key pair of this folder, made at the first start."""
        path = self.path / _SECRETS_FILE
        if path.exists():
            return read_secret_file(path)
        owner = make_key_pair()
        write_private(path, {ID_VARIABLES[0]: owner.secret_id, KEY_VARIABLES[0]: owner.secret_key})
        return owner

    def write_environment(self, variables: Mapping[str, str]) -> None:
        """Write the env file of the running server."""
        write_private(environment_file(self.path), variables)

    def forget_environment(self, endpoint_url: str) -> None:
        """Remove the env file after the stop, unless another server wrote it."""
        path = environment_file(self.path)
        with contextlib.suppress(OSError, ValueError):
            if read_variables(path).get(ENDPOINT_VARIABLE) == endpoint_url:
                path.unlink()


def _lock(file: IO[bytes]) -> None:
    """Lock a file. A killed server may have been about to start a process, which holds the lock for a moment more.

    :raises BlockingIOError: if another server has the lock
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
    """True if a folder has been a state folder before: no other folder may be locked or hidden from git."""
    return ignore_file.is_file() and ignore_file.stat().st_size == len(_IGNORE_ALL)


def is_state_folder(path: Path) -> bool:
    """True if a server has kept its state there."""
    return _is_ours(path / _IGNORE_FILE)


def environment_file(state: Path) -> Path:
    """Return the path of a state folder's env file, which exists while its server runs."""
    return state / _ENV_FILE
