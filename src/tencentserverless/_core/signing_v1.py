"""HmacSHA1 and HmacSHA256, Tencent Cloud's older request signature: the text to sign, and the signature.

Source: the page "Signature v1" of the API 3.0 documentation (cloud.tencent.com/document/api/583/17238), whose worked
example is a vector of our tests. The SDK never signs this way; the local SCF verifies clients that do.
"""

import hmac
from base64 import b64encode
from hashlib import sha1, sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

#: The values of SignatureMethod.
ALGORITHMS = {"HmacSHA1": sha1, "HmacSHA256": sha256}
DEFAULT_ALGORITHM = "HmacSHA1"
#: The one parameter that is not a part of the text.
SIGNATURE = "Signature"


def text_to_sign(method: str, host: str, parameters: "Mapping[str, str]") -> str:
    """Make the text to sign: ``GETscf.tencentcloudapi.com/?Action=...&...``.

    :param host: as the client names it, with its port if it names one
    :param parameters: all of them, the common ones too, with values that are not percent-encoded; ``Signature`` is
        left out here, and the names are sorted
    """
    pairs = ("{}={}".format(name, parameters[name]) for name in sorted(parameters) if name != SIGNATURE)
    return "{}{}/?{}".format(method, host, "&".join(pairs))


def signature(secret_key: str, text: str, algorithm: str = DEFAULT_ALGORITHM) -> str:
    """Compute the signature of a text, in base64, not percent-encoded.

    :param algorithm: a key of ``ALGORITHMS``
    """
    digest = hmac.new(secret_key.encode("utf-8"), text.encode("utf-8"), ALGORITHMS[algorithm]).digest()
    return b64encode(digest).decode("ascii")
