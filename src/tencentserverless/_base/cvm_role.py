"""The keys of a CVM's role, from the machine's metadata service (document/product/598/85616).

Loaded only when no other place has keys. Tencent's own class asks without a time limit and through ``HTTP_PROXY``; this
one does neither. Both have ``get_credential_info()``.
"""

import json
import re
import socket
import threading
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from tencentserverless._base.runtime import wall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPResponse
    from typing import Callable, TypeVar

    Found = TypeVar("Found")
    Triple = tuple[str, str, str]

METADATA_URL = "http://metadata.tencentyun.com/latest/meta-data/"
TIMEOUT_SECONDS = 1.0
MAX_ANSWER_BYTES = 65536
#: New keys are fetched so long before the old ones expire: a signature may be this old when it arrives.
EARLY_SECONDS = 300
#: The pause before new keys are asked for again, if the service had none and the old ones are still valid.
PAUSE_SECONDS = 10
#: A machine counts as one without a role for so long. A role can be bound to a running machine.
ABSENCE_SECONDS = 300
_ROLE_PATH = "cam/security-credentials/"
_ROLE_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
#: Look-up errors that mean that there is no such host. After any other error, a second look-up may succeed.
_NO_SUCH_HOST = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


class MetadataError(OSError):
    """The metadata service gave no usable answer. A second question may succeed."""


class NoRole(MetadataError):
    """The metadata service has no such role, or the machine has no such service because it is no CVM."""


def find_role(url: str) -> str:
    """Ask for the name of the machine's role.

    :param url: of the metadata service, with a slash at its end
    :raises NoRole: if the machine has none, or is no CVM
    :raises MetadataError: if the service gives no usable answer
    """
    return _fetch(url + _ROLE_PATH, _read_name)


class CvmRole:
    """Temporary keys of a role, replaced before they expire.

    :param url: of the metadata service, with a slash at its end
    :param role: the role's name, as ``find_role`` gives it
    """

    secret_id = property(lambda self: self.get_credential_info()[0])
    secret_key = property(lambda self: self.get_credential_info()[1])
    token = property(lambda self: self.get_credential_info()[2])

    def __init__(self, url: str, role: str) -> None:
        self._url = url
        self._role = role
        #: The keys, their expiry, and the time until which the service is not asked for new ones. One tuple, so that a
        #: reader without a lock gets values that belong together.
        self._held: "tuple[Triple, float, float]" = (("", "", ""), 0.0, 0.0)

    @property
    def expires_at(self) -> float:
        """The expiry of the keys, in UNIX seconds; 0 before there are any."""
        return self._held[1]

    @property
    def fresh_until(self) -> float:
        """The end of the time in which ``get_credential_info`` gives the same keys, in UNIX seconds."""
        return self._held[2]

    def get_credential_info(self) -> "Triple":
        """Return secret id, secret key and token, which belong together.

        :raises MetadataError: if there are no valid keys
        """
        keys, expires_at, fresh_until = self._held
        if wall() < fresh_until:
            return keys
        try:
            self.refresh()
        except MetadataError:
            now = wall()
            if now >= expires_at:
                raise
            self._held = (keys, expires_at, min(expires_at, now + PAUSE_SECONDS))
        return self._held[0]

    def refresh(self) -> None:
        """Get new keys now.

        :raises MetadataError: if the service does not answer in time, or has no keys
        """
        try:
            keys, expires_at = self._fetch_keys()
        except NoRole:  # another role may have been bound to the machine
            self._role = find_role(self._url)
            keys, expires_at = self._fetch_keys()
        fresh_until = expires_at - EARLY_SECONDS
        if keys == self._held[0]:  # the service has no newer ones yet
            fresh_until = max(fresh_until, min(expires_at, wall() + PAUSE_SECONDS))
        self._held = (keys, expires_at, fresh_until)

    def _fetch_keys(self) -> "tuple[Triple, float]":
        return _fetch(self._url + _ROLE_PATH + self._role, _read_keys)


def _read_name(text: str) -> str:
    name = text.strip()
    if not _ROLE_NAME.fullmatch(name):
        raise MetadataError("the metadata service names no role: {!r}".format(name[:80]))
    return name


def _read_keys(text: str) -> "tuple[Triple, float]":
    answer = json.loads(text)
    if answer.get("Code") != "Success":
        raise MetadataError("the metadata service has no keys for the role: Code {!r}".format(answer.get("Code")))
    keys = (answer["TmpSecretId"], answer["TmpSecretKey"], answer["Token"])
    return keys, float(answer["ExpiredTime"])


def _fetch(url: str, read: "Callable[[str], Found]") -> "Found":
    """Ask the service and read its answer, in a thread, since the look-up of its name cannot be bounded.

    No signal handler runs in that thread, so every error there belongs to the question itself.

    :raises MetadataError: if no usable answer comes in time
    """
    found: "list[Found]" = []
    faults: "list[MetadataError]" = []

    def fetch() -> None:
        try:
            # Without any proxy: the service belongs to the machine.
            with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECONDS) as answer:
                found.append(read(_read_body(answer)))
        except Exception as error:  # noqa: BLE001  # any error here is the reason that there is no answer
            faults.append(_explain(error))

    try:
        thread = threading.Thread(target=fetch, name="tencentserverless-metadata", daemon=True)
        thread.start()
    except RuntimeError as error:  # the system has no thread left, or the interpreter ends
        raise MetadataError("the metadata service cannot be asked: {}".format(error)) from error
    thread.join(TIMEOUT_SECONDS)
    if found:
        return found[0]
    raise faults[0] if faults else MetadataError(_SILENCE.format(TIMEOUT_SECONDS))


def _read_body(answer: "HTTPResponse") -> str:
    body = answer.read(MAX_ANSWER_BYTES)
    if answer.length:  # bytes are missing; a read with a limit does not raise for that
        raise MetadataError("the metadata service's answer is cut, or too long")
    return body.decode("utf-8")


_SILENCE = "the metadata service did not answer within {:g} s"


def _explain(error: Exception) -> MetadataError:
    """Make the error: ``NoRole`` if there is no role, else ``MetadataError``. The answer itself is never shown."""
    if isinstance(error, MetadataError):
        return error
    if isinstance(error, HTTPError):
        error.close()
        words = "the metadata service answered with HTTP status {}".format(error.code)
        return NoRole(words) if error.code == 404 else MetadataError(words)
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, socket.gaierror) and reason.errno in _NO_SUCH_HOST:
        return NoRole("this machine has no metadata service, so it is no CVM ({})".format(reason))
    if isinstance(reason, socket.timeout):
        return MetadataError(_SILENCE.format(TIMEOUT_SECONDS))
    if isinstance(reason, OSError):
        return MetadataError("the metadata service cannot be asked: {}".format(reason))
    return MetadataError("the metadata service's answer cannot be read ({})".format(type(reason).__name__))
