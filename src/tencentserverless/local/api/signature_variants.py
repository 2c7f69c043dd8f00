"""The signature that a request presents, and every signature that would be valid for it.

Clients differ in the text that they sign, never in the method of signing. Every known difference is listed here with
its reason; no other text is tried.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from tencentserverless._core import signing, signing_v1, wire
from tencentserverless.local.api.request_forms import FORM_TYPE, Request
from tencentserverless.local.errors import ApiError

_MUST_BE_SIGNED = frozenset(("content-type", "host"))
_UNSIGNED_PAYLOAD_HASH = sha256(signing.UNSIGNED_PAYLOAD.encode("ascii")).hexdigest()
_EMPTY_HASH = sha256(b"").hexdigest()
_SCHEMES = ("http://", "https://")
_OTHER_SCHEMES = frozenset(("basic", "bearer", "digest", "negotiate", "ntlm", "token"))
#: Clients write the two algorithm names in the letter case of other APIs too.
_ALGORITHMS = {name.lower(): name for name in signing_v1.ALGORITHMS}


@dataclass(frozen=True, slots=True)
class PresentedSignature:
    """The signature of a request, and the SecretId of its signer.

    :param signatures: the signatures that (secret key, text of the request's time) can make of this request, the usual
        one first; raises ApiError if none is possible
    """

    secret_id: str
    signature: str
    signatures: Callable[[str, str], Iterator[str]]


def read_signature(request: Request) -> PresentedSignature:
    """Read the signature that a request presents.

    :raises ApiError: if the signature is malformed or missing
    """
    return _read_v1(request) if request.head.is_v1 else _read_tc3(request)


def possible_hosts(sent: str) -> Iterator[str]:
    """Return the hosts that a client can have signed, for the Host header that arrived; the usual one first."""
    yield sent
    bare = sent
    for scheme in _SCHEMES:
        bare = bare.removeprefix(scheme)
    # Tencent's SDK for Python signs an endpoint with its scheme, if one was given, and sends the scheme in Host too;
    # its releases that leave Host to the HTTP library send Host without the scheme.
    others = [bare, *(scheme + bare for scheme in _SCHEMES)]
    name, colon, port = bare.rpartition(":")
    if colon and port.isdigit():
        others.append(name)  # Tencent's SDK for Node.js signs URL.hostname, which has no port
    else:
        # HTTP libraries (Guzzle, under Tencent's SDK for PHP) leave a port out of Host if it is the scheme's own.
        others += [f"{bare}:80", f"{bare}:443"]
    yield from (host for host in others if host != sent)


def possible_services(sent: str) -> set[str]:
    """Return the service names that a client can have put in its credential scope."""
    # Tencent's SDKs for Java and PHP, and older ones for Python, take the part before the endpoint's first dot: "127"
    # of 127.0.0.1:8583, "localhost:8583" of localhost:8583.
    return {wire.SERVICE} | {host.split(".")[0] for host in possible_hosts(sent)}


def _read_tc3(request: Request) -> PresentedSignature:
    authorization = _parsed(request.head.headers)

    def signatures(secret_key: str, timestamp: str) -> Iterator[str]:
        _check_scope(authorization, int(timestamp), request.head.headers.get("host", ""))
        for canonical in _canonical_requests(request, authorization.signed_headers):
            yield signing.signature(secret_key, authorization, timestamp, canonical)

    return PresentedSignature(authorization.secret_id, authorization.signature, signatures)


def _canonical_requests(request: Request, names: tuple[str, ...]) -> Iterator[str]:
    method = request.head.method
    headers = request.head.headers
    if method == "GET":
        # HTTP libraries may omit the content type of a request without a body; clients sign a form's type, as
        # documented.
        headers = {"content-type": FORM_TYPE, **headers}
    for name in names:
        if name not in headers:
            raise ApiError("AuthFailure.SignatureFailure", f"The header {name[:64]!r} is signed but not sent.")
    payload_hash = _payload_hash(request)
    queries = [""]
    if method == "GET":
        # Raw, not sorted: clients sign the query that they send. But Python before 3.7 encodes the tilde, and the HTTP
        # library under Tencent's SDK decodes it again before sending.
        queries = list(dict.fromkeys((request.head.query, request.head.query.replace("~", "%7E"))))
    for host in possible_hosts(headers["host"]):
        signed = headers if host == headers["host"] else {**headers, "host": host}
        for query in queries:
            yield signing.canonical_request(method, query, signed, names, payload_hash)
            # The documentation lowers the case of header values; Tencent's SDK for Python does not.
            lines = "".join(f"{name}:{signed[name].strip()}\n" for name in names)
            yield "\n".join((method, "/", query, lines, ";".join(names), payload_hash))


def _payload_hash(request: Request) -> str:
    mode = request.head.headers.get("x-tc-content-sha256")
    if mode is None:
        return sha256(request.body).hexdigest() if request.head.method == "POST" else _EMPTY_HASH
    if mode != signing.UNSIGNED_PAYLOAD:
        raise ApiError("InvalidParameterValue", f"X-TC-Content-SHA256 can only be {signing.UNSIGNED_PAYLOAD}.")
    return _UNSIGNED_PAYLOAD_HASH


def _parsed(headers: Mapping[str, str]) -> signing.Authorization:
    value = headers.get("authorization", "")
    try:
        authorization = signing.parse_authorization(value)
    except ValueError as error:
        problem = _other_scheme(value) or f"The Authorization header is malformed: {error}."
        raise ApiError("AuthFailure.InvalidAuthorization", problem) from None
    names = authorization.signed_headers
    if not _MUST_BE_SIGNED.issubset(names) or len(set(names)) != len(names):
        raise ApiError(
            "AuthFailure.InvalidAuthorization", "SignedHeaders must contain content-type and host, each once."
        )
    return authorization


def _other_scheme(value: str) -> str:
    """Explain an Authorization header of another scheme; empty if it has none that is known.

    Only the scheme is shown: what stands behind it is a secret.
    """
    scheme = value.partition(" ")[0]
    if scheme.lower() not in _OTHER_SCHEMES:
        return ""
    return (
        f"The Authorization header has the scheme {scheme}, not {signing.ALGORITHM}. If the program signs its "
        "requests, something has replaced the signature: Python's requests, under Tencent's SDK, does so with an entry "
        "of ~/.netrc for this host, or its default entry."
    )


def _check_scope(authorization: signing.Authorization, timestamp: int, host: str) -> None:
    if authorization.date != signing.utc_date(timestamp):
        raise ApiError(
            "AuthFailure.SignatureFailure", "The date of the credential is not the UTC date of X-TC-Timestamp."
        )
    if authorization.service != wire.SERVICE and authorization.service not in possible_services(host):
        raise ApiError("AuthFailure.SignatureFailure", f"The service of the credential must be {wire.SERVICE!r}.")


def _read_v1(request: Request) -> PresentedSignature:
    fields = request.fields or {}
    if not any(name in fields for name in ("SecretId", signing_v1.SIGNATURE)):
        raise ApiError(
            "AuthFailure.InvalidAuthorization", "There is no Authorization header, and no Signature among parameters."
        )
    for name in ("SecretId", signing_v1.SIGNATURE, "Nonce"):
        if not fields.get(name):
            raise ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")
    nonce = fields["Nonce"]
    if not (nonce.isascii() and nonce.isdigit() and len(nonce) <= 32):
        raise ApiError("InvalidParameterValue", "Nonce must be a positive whole number.")
    wanted = fields.get("SignatureMethod") or signing_v1.DEFAULT_ALGORITHM
    algorithm = _ALGORITHMS.get(wanted.lower())
    if algorithm is None:
        known = " or ".join(signing_v1.ALGORITHMS)
        raise ApiError("InvalidParameterValue", f"SignatureMethod must be {known}, not {wanted[:32]!r}.")
    # Tencent's SDK for Python replaces the underscores of signed names by dots; other clients sign names unchanged.
    spellings = [fields]
    if any("_" in name for name in fields):
        spellings.append({name.replace("_", "."): text for name, text in fields.items()})

    def signatures(secret_key: str, _: str) -> Iterator[str]:
        for host in possible_hosts(request.head.headers.get("host", "")):
            for spelling in spellings:
                text = signing_v1.text_to_sign(request.head.method, host, spelling)
                yield signing_v1.signature(secret_key, text, algorithm)

    # Tencent's SDK for Ruby leaves the line end of its base64 behind the signature.
    return PresentedSignature(fields["SecretId"], fields[signing_v1.SIGNATURE].removesuffix("\n"), signatures)
