"""The keys of a CVM's role, from the machine's metadata service (document/product/598/85616).

Loaded only when no other place has keys. Tencent's own class for this asks without a time limit and through
``HTTP_PROXY``; this one does neither, and is read like it: ``get_credential_info()``.
"""

import json
import re
import socket
import threading
import time
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPResponse
    from typing import Any, Callable, TypeVar

    Found = TypeVar("Found")
    Triple = tuple[str, str, str]

METADATA_URL = "http://metadata.tencentyun.com/latest/meta-data/"
TIMEOUT_SECONDS = 1.0
MAX_ANSWER_BYTES = 65536
#: Keys are got anew this long before they run out: a signature may be this old when it arrives.
EARLY_SECONDS = 300
#: How long keys that still hold are used before new ones are asked for again, where there were none.
PAUSE_SECONDS = 10
#: How long a machine counts as one without a role. A role can be bound to a machine that runs.
ABSENCE_SECONDS = 300
_ROLE_PATH = "cam/security-credentials/"
_ROLE_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
#: A look-up that failed for another reason may work a moment later.
_NO_SUCH_HOST = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


class MetadataError(OSError):
    """The metadata service gave no answer, or one that cannot be used. It may give one a moment later."""


class NoRole(MetadataError):
    """The metadata service has no such role, or the machine has no such service because it is no CVM."""


def find_role(url: str) -> str:
    """The name of the machine's role.

    :param url: of the metadata service, with a slash at its end
    :raises NoRole: if it has none, or is no CVM
    :raises MetadataError: if the service does not say
    """
    return _fetch(url + _ROLE_PATH, _read_name)


class CvmRole:
    """Temporary keys of a role, got anew ahead of their end.

    :param url: of the metadata service, with a slash at its end
    :param role: the role's name, as ``find_role`` gives it
    """

    secret_id = property(lambda self: self.get_credential_info()[0])
    secret_key = property(lambda self: self.get_credential_info()[1])
    token = property(lambda self: self.get_credential_info()[2])

    def __init__(self, url: str, role: str) -> None:
        self._url = url
        self._role = role
        #: The keys, when they run out, and until when the service is not asked for others. One tuple, so that whoever
        #: reads it without a lock has what belongs together.
        self._held: "tuple[Triple, float, float]" = (("", "", ""), 0.0, 0.0)

    @property
    def expires_at(self) -> float:
        """When the keys run out, in UNIX seconds; 0 before there are any."""
        return self._held[1]

    @property
    def fresh_until(self) -> float:
        """Until when ``get_credential_info`` gives the keys that are here, in UNIX seconds."""
        return self._held[2]

    def get_credential_info(self) -> "Triple":
        """Secret id, secret key and token of one moment.

        :raises MetadataError: if there are none that still hold
        """
        keys, expires_at, fresh_until = self._held
        if time.time() < fresh_until:
            return keys
        try:
            self.refresh()
        except MetadataError:
            now = time.time()
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
            fresh_until = max(fresh_until, min(expires_at, time.time() + PAUSE_SECONDS))
        self._held = (keys, expires_at, fresh_until)

    def _fetch_keys(self) -> "tuple[Triple, float]":
        return _fetch(self._url + _ROLE_PATH + self._role, _read_keys)


def _read_name(text: str) -> str:
    name = text.strip()
    if not _ROLE_NAME.fullmatch(name):
        raise MetadataError("the metadata service names no role: {!r}".format(name[:80]))
    return name


def _read_keys(text: str) -> "tuple[Triple, float]":
    answer: "dict[str, Any]" = json.loads(text)
    if answer.get("Code") != "Success":
        raise MetadataError("the metadata service has no keys for the role: Code {!r}".format(answer.get("Code")))
    keys = (answer["TmpSecretId"], answer["TmpSecretKey"], answer["Token"])
    return keys, float(answer["ExpiredTime"])


def _fetch(url: str, read: "Callable[[str], Found]") -> "Found":
    """What is read from the service's answer. In a thread, since its name's look-up cannot be bounded.

    No signal handler runs there, so that every error there is one of the question itself.

    :raises MetadataError: if nothing that can be used comes in time
    """
    found: "list[Found]" = []
    faults: "list[MetadataError]" = []

    def fetch() -> None:
        try:
            # Past any proxy: the service is the machine's own.
            with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECONDS) as answer:
                found.append(read(_read_body(answer)))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is why there is no answer
            faults.append(_explain(error))

    try:
        thread = threading.Thread(target=fetch, name="tencentserverless-metadata", daemon=True)
        thread.start()
    except RuntimeError as error:  # the system has none left, or the interpreter ends
        raise MetadataError("the metadata service cannot be asked: {}".format(error)) from error
    thread.join(TIMEOUT_SECONDS)
    if found:
        return found[0]
    raise faults[0] if faults else MetadataError(_SILENCE.format(TIMEOUT_SECONDS))


def _read_body(answer: "HTTPResponse") -> str:
    body = answer.read(MAX_ANSWER_BYTES)
    if answer.length:  # what is missing, of which such a read does not complain
        raise MetadataError("the metadata service's answer is cut, or too long")
    return body.decode("utf-8")


_SILENCE = "the metadata service did not answer within {:g} s"


def _explain(error: Exception) -> MetadataError:
    """What went wrong, as an error that says whether there is no role or just no answer. No answer is shown."""
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
