"""Who calls: explicit keys, an object of the caller's, the environment, then Tencent's own providers.

Providers are asked at every signing, so that rotated keys are used at once; nothing is kept past its expiry. The
official providers load only when nothing before them has keys, for they bring ``requests`` along.
"""

from tencentserverless import config
from tencentserverless._base.fork_lock import ForkLock
from tencentserverless._core.request import check_header_value
from tencentserverless.exception import CredentialError
from tencentserverless.models import Credentials, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Triple = tuple[str, str, str]


class Provider:
    """Gives the credentials for a signature."""

    def get(self, refresh: bool) -> Credentials:
        """The credentials to sign with now.

        :param refresh: the last ones were refused: get new ones
        :raises CredentialError: if there are none
        """
        raise NotImplementedError

    def peek(self) -> "Credentials | None":
        """The credentials if they can be had without blocking, None if ``get`` has to be asked."""
        return None

    def source(self) -> str:
        """Where the keys that ``get`` gave come from, in words for a person; no secret is in it."""
        raise NotImplementedError

    def expires_at(self) -> "float | None":
        """When they run out, in UNIX seconds; None where that is not known, or never."""
        return None


class Explicit(Provider):
    """The caller's own keys, always the same.

    :raises ValueError: if only half a pair is given, or one cannot stand in a header; no secret is shown
    """

    def __init__(self, secret_id: "str | None", secret_key: "str | None", token: "str | None") -> None:
        self._credentials = _check(secret_id or "", secret_key or "", token or "", ("secret_id", "secret_key", "token"))

    def get(self, refresh: bool) -> Credentials:
        """The keys that were given."""
        return self._credentials

    def peek(self) -> Credentials:
        """The same."""
        return self._credentials

    def source(self) -> str:
        """They were given."""
        return "given explicitly"


class FromObject(Provider):
    """An object with ``secret_id``, ``secret_key`` and perhaps ``token``: the official credential classes, or your own.

    It is read at each signing. For a refresh its ``refresh()`` is called if it has one.
    """

    def __init__(self, source: "Any") -> None:
        if not hasattr(type(source), "secret_id") and not hasattr(source, "secret_id"):
            raise TypeError("credentials= needs an object with secret_id and secret_key, not {!r}".format(type(source)))
        self._source = source
        self._kept: "Credentials | None" = None
        self._lock = ForkLock()
        # A property may go to the network; a plain attribute does not.
        self._is_plain = "secret_id" in getattr(source, "__dict__", ())

    def peek(self) -> "Credentials | None":
        """Its keys if they are plain attributes."""
        return self._keep(self._read(False)) if self._is_plain else None

    def get(self, refresh: bool) -> Credentials:
        """Its keys as they are now; one reading at a time."""
        with self._lock:
            return self._keep(self._read(refresh))

    def source(self) -> str:
        """The object's class."""
        return "an object of class {}".format(type(self._source).__name__)

    def expires_at(self) -> "float | None":
        """What the object says, or the official classes keep."""
        for name in ("expires_at", "_expired_ts", "_expired_time"):
            moment = getattr(self._source, name, None)
            if isinstance(moment, (int, float)) and moment > 0:
                return float(moment)
        return None

    def _keep(self, triple: "Triple") -> Credentials:
        kept = self._kept
        if kept is None or (kept.secret_id, kept.secret_key, kept.token) != triple:
            try:
                kept = self._kept = _check(*triple, names=("its secret_id", "its secret_key", "its token"))
            except ValueError as error:
                raise _failure("the object given as credentials= has no usable keys: {}".format(error)) from error
        return kept

    def _read(self, refresh: bool) -> "Triple":
        source = self._source
        try:
            if refresh:
                _refresh(source)
            whole = getattr(source, "get_credential_info", None)  # all three of one moment
            if whole is not None:
                secret_id, secret_key, token = whole()
            else:
                secret_id, secret_key, token = source.secret_id, source.secret_key, getattr(source, "token", None)
        except Exception as error:
            raise _failure("the credential provider {} failed: {}".format(type(source).__name__, error)) from error
        return secret_id or "", secret_key or "", token or ""


def _refresh(source: "Any") -> None:
    """Make an object get new keys; the official classes have three ways for it, and plain ones none."""
    for name in ("refresh", "get_sts_tmp_role_arn"):
        method = getattr(source, name, None)
        if callable(method):
            method()
            return
    if hasattr(source, "_expired_ts"):  # CVMRoleCredential: keys that have run out are got anew when read
        source._expired_ts = 0  # noqa: SLF001  # the class has no public way


class FromEnvironment:
    """The variables of a function's environment, re-read each time: a warm instance's keys rotate.

    :param names: of the variables that hold secret id, secret key and token
    """

    def __init__(self, names: "Triple") -> None:
        self._names = names
        self._kept: "tuple[Triple, Credentials] | None" = None

    def find(self) -> "Credentials | None":
        """The keys, None if neither variable is set."""
        triple = config.ambient_keys(self._names)
        kept = self._kept
        if kept is not None and kept[0] == triple:
            return kept[1]
        if not triple[0] and not triple[1]:
            return None
        try:
            credentials = _check(*triple, names=self._names)
        except ValueError as error:
            raise _failure("the environment's keys cannot be used: {}".format(error)) from error
        self._kept = (triple, credentials)
        return credentials


class Chain(Provider):
    """Where keys are looked for when none are given: the environment, then Tencent's providers.

    :param metadata_url: of the CVM metadata service, ``""`` for Tencent's; tests give another
    """

    def __init__(self, metadata_url: str = "") -> None:
        self._inside = FromEnvironment(config.FUNCTION_KEYS)
        self._tools = FromEnvironment(config.TOOL_KEYS)
        self._metadata_url = metadata_url
        self._lock = ForkLock()
        self._found: "FromObject | None" = None
        self._found_in = ""
        self._has_role: "bool | None" = None

    def peek(self) -> "Credentials | None":
        """The environment's keys, None if it has none."""
        return self._inside.find() or self._tools.find()

    def get(self, refresh: bool) -> Credentials:
        """The environment's keys, else those of the first official provider that has some."""
        credentials = self.peek()
        if credentials is not None:
            return credentials
        found = self._found
        if found is None:
            with self._lock:  # one search at a time
                found = self._found = self._found or self._search()
        return found.get(refresh)

    def source(self) -> str:
        """The place that was found first; ``""`` before there was need to look further than the environment."""
        for names, place in ((config.FUNCTION_KEYS, self._inside), (config.TOOL_KEYS, self._tools)):
            if place.find() is not None:
                return "the environment ({} and {})".format(*names[:2])
        return self._found_in

    def expires_at(self) -> "float | None":
        """As the object says that was found; the environment does not say."""
        return None if self._found is None or self.peek() is not None else self._found.expires_at()

    def _search(self) -> FromObject:
        tried = ["{} and {}".format(*config.FUNCTION_KEYS), "{} and {}".format(*config.TOOL_KEYS)]
        sources: "tuple[tuple[str, Callable[[], Any]], ...]" = (
            ("the profile file ~/.tencentcloud/credentials", _find_profile),
            ("the TKE role ({} and kin)".format(config.TKE_KEYS[0]), _find_tke_role),
            ("the CVM role (instance metadata)", self._find_cvm_role),
        )
        for name, find in sources:
            try:
                source = find()
            except Exception as error:  # noqa: BLE001  # providers raise anything
                tried.append("{}: {}".format(name, error))
                continue
            if source is not None:
                self._found_in = name
                return FromObject(source)
            tried.append(name)
        raise _failure(
            "no key pair was found. Give secret_id= and secret_key=, or set one of the places that were tried: "
            + "; ".join(tried)
        )

    def _find_cvm_role(self) -> "Any":
        """The role of the machine, if it is a CVM with one. A machine without is asked only once."""
        if self._has_role is False:
            return None
        from tencentserverless._base import cvm_role

        url = self._metadata_url or cvm_role.METADATA_URL
        role = cvm_role.find_role(url)
        self._has_role = bool(role)
        return cvm_role.CvmRole(url, role) if role else None


def _find_profile() -> "Any":
    from tencentcloud.common.credential import ProfileCredential

    try:
        return ProfileCredential().get_credential()
    except AttributeError:  # what 3.1.195 raises for a file without [default]
        raise ValueError("the file has no section [default]") from None


def _find_tke_role() -> "Any":
    if not config.has_tke_role():
        return None
    from tencentcloud.common.credential import DefaultTkeOIDCRoleArnProvider

    return DefaultTkeOIDCRoleArnProvider().get_credential()


def _check(secret_id: str, secret_key: str, token: str, names: "Triple") -> Credentials:
    for name, value in zip(names, (secret_id, secret_key, token)):
        if not isinstance(value, str):
            raise TypeError("{} must be a str, not a {}".format(name, type(value).__name__))
    if not secret_id or not secret_key:
        missing, given = (names[0], names[1]) if not secret_id else (names[1], names[0])
        raise ValueError("{} is given without {}; keys come in pairs".format(given, missing))
    token = "" if token.isspace() else token  # the guide's workaround for 0.1.7 was token=" "
    for name, value in zip(names, (secret_id, secret_key, token)):
        check_header_value(name, value)
    return Credentials(secret_id, secret_key, token)


def _failure(message: str) -> CredentialError:
    return CredentialError("InvalidCredential", message, executed=Verdict.NO)


def choose_provider(
    secret_id: "str | None", secret_key: "str | None", token: "str | None", credentials: "Any" = None
) -> Provider:
    """The provider for what a client was given: explicit keys win, then ``credentials=``, then the chain.

    :raises ValueError: if half a pair is given, or a token alone; empty text counts as not given
    """
    if secret_id or secret_key:
        return Explicit(secret_id, secret_key, token)
    if token and not token.isspace():
        raise ValueError("token is given without secret_id and secret_key; leave it out to use the keys around you")
    if credentials is not None:
        return FromObject(credentials)
    return Chain()
