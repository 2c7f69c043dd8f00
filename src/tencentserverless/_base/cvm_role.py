"""The keys of a CVM's role, from the machine's metadata service (document/product/598/85616).

Loaded only when no other place has keys. Tencent's own class for this asks without a time limit and through
``HTTP_PROXY``; this one does neither, and is read like it: ``get_credential_info()``.
"""

import json
import threading
import time
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

METADATA_URL = "http://metadata.tencentyun.com/latest/meta-data/"
TIMEOUT_SECONDS = 1.0
MAX_ANSWER_BYTES = 65536
#: Keys are got anew this long before they run out: a signature may be this old when it arrives.
EARLY_SECONDS = 300
_ROLE_PATH = "cam/security-credentials/"


def find_role(url: str) -> str:
    """The name of the machine's role, ``""`` for a machine that has none or is no CVM.

    :param url: of the metadata service, with a slash at its end
    """
    try:
        return _fetch(url + _ROLE_PATH).strip()
    except (OSError, ValueError):
        return ""


class CvmRole:
    """Temporary keys of a role, got anew ahead of their end.

    :param url: of the metadata service, with a slash at its end
    :param role: the role's name, as ``find_role`` gives it
    :ivar expires_at: UNIX seconds, 0 before there are keys
    """

    secret_id = property(lambda self: self.get_credential_info()[0])
    secret_key = property(lambda self: self.get_credential_info()[1])
    token = property(lambda self: self.get_credential_info()[2])

    def __init__(self, url: str, role: str) -> None:
        self._url = url + _ROLE_PATH + role
        self._keys = ("", "", "")
        self.expires_at = 0.0  # UNIX seconds

    def get_credential_info(self) -> "tuple[str, str, str]":
        """Secret id, secret key and token of one moment.

        :raises OSError: if there are none that still hold
        """
        if time.time() > self.expires_at - EARLY_SECONDS:
            try:
                self.refresh()
            except (OSError, ValueError):
                if time.time() >= self.expires_at:
                    raise
        return self._keys

    def refresh(self) -> None:
        """Get new keys now.

        :raises OSError: if the service does not answer in time, or has no keys
        """
        answer: "dict[str, Any]" = json.loads(_fetch(self._url))
        if answer.get("Code") != "Success":
            raise OSError("the metadata service has no keys for the role: Code {!r}".format(answer.get("Code")))
        self._keys = (answer["TmpSecretId"], answer["TmpSecretKey"], answer["Token"])
        self.expires_at = float(answer["ExpiredTime"])


def _fetch(url: str) -> str:
    """What the service answers. In a thread, since its name's look-up cannot be bounded.

    :raises OSError: if nothing comes in time
    """
    found: "list[Any]" = []

    def fetch() -> None:
        try:
            # Past any proxy: the service is the machine's own.
            with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECONDS) as answer:
                found.append(answer.read(MAX_ANSWER_BYTES).decode("utf-8"))
        except HTTPError as error:
            error.close()
            found.append(OSError("HTTP status {}".format(error.code)))
        except (OSError, ValueError) as error:
            found.append(error)

    thread = threading.Thread(target=fetch, name="tencentserverless-metadata", daemon=True)
    thread.start()
    thread.join(TIMEOUT_SECONDS)
    if not found:
        raise OSError("the metadata service did not answer within {:g} s".format(TIMEOUT_SECONDS))
    if isinstance(found[0], Exception):
        raise OSError("the metadata service cannot be asked: {}".format(found[0])) from found[0]
    return found[0]  # type: ignore[no-any-return]
