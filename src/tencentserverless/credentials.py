"""Who calls: explicit keys, an object of the caller's, the environment, then Tencent's own providers.

Providers are asked at every signing, so that rotated keys are used at once; nothing is kept past its expiry. The
official providers load only when nothing before them has keys, for they bring ``requests`` along.
"""

import os
from time import monotonic, time

from tencentserverless import config
from tencentserverless._base import key_objects
from tencentserverless._base.fork_lock import ForkLock
from tencentserverless._base.signals import raised_by_handler
from tencentserverless._core.request import check_header_value
from tencentserverless.exception import CredentialError
from tencentserverless.models import Credentials, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Triple = tuple[str, str, str]
    Stamp = tuple[int, int, int, int]

_PROFILE = "the profile file ~/.tencentcloud/credentials"
#: Where Tencent's provider looks for it.
_PROFILE_PATHS = ("~/.tencentcloud/credentials", "/etc/tencentcloud/credentials")
#: How often it is looked at whether the file is another: of many calls a second, few have to.
LOOK_SECONDS = 0.1


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
        if not key_objects.has_keys(source):
            raise TypeError("credentials= needs an object with secret_id and secret_key, not {!r}".format(type(source)))
        self._source = source
        self._kept: "Credentials | None" = None
        self._fresh: "tuple[Credentials, float] | None" = None  # keys, and until when the object gives no others
        self._lock = ForkLock()
        self._is_plain = key_objects.is_plain(source)

    def peek(self) -> "Credentials | None":
        """Its keys if they are plain attributes, or of an official class that keeps them for a time."""
        if self._is_plain:
            return self._keep(self._run(key_objects.read_attributes))
        fresh = self._fresh
        if fresh is not None and time() < fresh[1] == key_objects.find_fresh_end(self._source):
            return fresh[0]
        return None

    def get(self, refresh: bool) -> Credentials:
        """Its keys as they are now; one reading at a time."""
        credentials = None if refresh else self.peek()
        if credentials is not None:
            return credentials
        return self._lock.hold(self._read, self._get_amid, refresh)

    def _read(self, refresh: bool) -> Credentials:
        """Its keys. Where it keeps keys for a time, they are kept as long."""
        if refresh:
            self._run(key_objects.refresh)
        end = key_objects.find_fresh_end(self._source)
        credentials = self._keep(self._run(key_objects.read))
        if end:
            # It may have got others in the middle of that. Then it is read once more, the next time.
            is_same = end == key_objects.find_fresh_end(self._source)
            self._fresh = (credentials, end) if is_same else None
        return credentials

    def _get_amid(self, refresh: bool) -> Credentials:
        """The keys where this thread is in the middle of reading the object: reading it again could take for ever."""
        if self._kept is not None and not refresh:
            return self._kept
        words = "the credential provider {} was asked for keys while it gave some, by a signal handler or by itself"
        raise _failure(words.format(type(self._source).__name__))

    def source(self) -> str:
        """The object's class."""
        return "an object of class {}".format(type(self._source).__name__)

    def expires_at(self) -> "float | None":
        """What the object says, or the official classes keep."""
        return key_objects.find_expiry(self._source)

    def _keep(self, triple: "Triple") -> Credentials:
        kept = self._kept
        try:
            if kept is None or (kept.secret_id, kept.secret_key, kept.token) != triple:
                kept = self._kept = _check(*triple, names=("its secret_id", "its secret_key", "its token"))
        except (TypeError, ValueError) as error:
            if raised_by_handler(error):
                raise
            name = type(self._source).__name__
            raise _failure("the credential provider {} has no usable keys: {}".format(name, error)) from error
        return kept

    def _run(self, act: "Callable[[Any], Any]") -> "Any":
        """What comes of running code of the object."""
        try:
            return act(self._source)
        except Exception as error:
            if raised_by_handler(error):
                raise
            name = type(self._source).__name__
            raise _failure("the credential provider {} failed: {}".format(name, error)) from error


class FromEnvironment:
    """The variables of a function's environment, re-read each time: a warm instance's keys rotate.

    :param names: of the variables that hold secret id, secret key and token
    """

    def __init__(self, names: "Triple") -> None:
        self._names = names
        self._is_any_set = config.watch_ambient_keys(names)
        self._kept: "tuple[Triple, Credentials] | None" = None

    def find(self) -> "Credentials | None":
        """The keys, None if neither variable is set."""
        if not self._is_any_set():
            return None
        triple = config.ambient_keys(self._names)
        kept = self._kept
        if kept is not None and kept[0] == triple:
            return kept[1]
        if not triple[0] and not triple[1]:
            return None
        try:
            credentials = _check(*triple, names=self._names)
        except ValueError as error:
            if raised_by_handler(error):
                raise
            raise _failure("the environment's keys cannot be used: {}".format(error)) from error
        self._kept = (triple, credentials)
        return credentials


class Chain(Provider):
    """Where keys are looked for when none are given: the environment, then Tencent's providers.

    What was found first is kept until the profile file changes, comes or goes.

    :param metadata_url: of the CVM metadata service, ``""`` for Tencent's; tests give another
    """

    def __init__(self, metadata_url: str = "") -> None:
        self._inside = FromEnvironment(config.FUNCTION_KEYS)
        self._tools = FromEnvironment(config.TOOL_KEYS)
        self._metadata_url = metadata_url
        self._lock = ForkLock()
        self._found: "_Found | None" = None
        self._asks_for_role_at = 0.0  # monotonic seconds: until then the machine counts as one without a role

    def peek(self) -> "Credentials | None":
        """The environment's keys, else those that were found before and are in memory."""
        credentials = self._find_ambient()
        if credentials is None:
            found = self._find_known()
            credentials = None if found is None else found.provider.peek()
        return credentials

    def get(self, refresh: bool) -> Credentials:
        """The environment's keys, else those of the first official provider that has some."""
        credentials = self._find_ambient()
        if credentials is not None:
            return credentials
        # Only the file has other keys than those that were refused.
        is_refused = refresh and self._found is not None and self._found.place == _PROFILE
        found = None if is_refused else self._find_known()
        if found is None:
            found = self._lock.hold(self._search_once, self._refuse_search, is_refused)
        return found.provider.get(refresh)

    def source(self) -> str:
        """The place that was found first; ``""`` before there was need to look further than the environment."""
        for names, place in ((config.FUNCTION_KEYS, self._inside), (config.TOOL_KEYS, self._tools)):
            if place.find() is not None:
                return "the environment ({} and {})".format(*names[:2])
        return "" if self._found is None else self._found.place

    def expires_at(self) -> "float | None":
        """As the object says that was found; the environment does not say."""
        return None if self._found is None or self._find_ambient() is not None else self._found.provider.expires_at()

    def _find_ambient(self) -> "Credentials | None":
        return self._inside.find() or self._tools.find()

    def _find_known(self) -> "_Found | None":
        """What was found before, None if there is none or the profile file is another by now."""
        found = self._found
        if found is None:
            return None
        now = monotonic()
        if now >= found.looks_at:
            if found.stamp != _stamp_profile():
                return None
            found.looks_at = now + LOOK_SECONDS
        return found

    def _search_once(self, is_refused: bool) -> "_Found":
        """What another thread has found by now, else what a search finds."""
        found = None if is_refused else self._find_known()
        if found is None:
            found = self._found = self._search(self._found)
        return found

    def _refuse_search(self, is_refused: bool) -> "_Found":
        """This very thread is in the middle of a search, which another could upset."""
        raise _failure("a signal handler made a call while the keys are searched for that it needs")

    def _search(self, before: "_Found | None") -> "_Found":
        """Look into every place.

        :param before: what was found the last time
        """
        stamp = _stamp_profile()
        tried = ["{} and {}".format(*config.FUNCTION_KEYS), "{} and {}".format(*config.TOOL_KEYS)]
        sources: "tuple[tuple[str, Callable[[], Any]], ...]" = (
            (_PROFILE, _find_profile),
            ("the TKE role ({} and kin)".format(config.TKE_KEYS[0]), _find_tke_role),
            ("the CVM role (instance metadata)", self._find_cvm_role),
        )
        for place, find in sources:
            known = before if before is not None and before.place == place else None
            if known is not None and place != _PROFILE:
                return _Found(place, known.provider, stamp)  # a role gets new keys by itself
            try:
                source = find()
            except Exception as error:
                if raised_by_handler(error):
                    raise
                tried.append("{}: {}".format(place, error))
            else:
                if source is not None:
                    return _Found(place, FromObject(source), stamp)
                tried.append(place)
            if known is not None and stamp is not None:
                return known  # the file is being written; until it is whole, what it said before holds
        raise _failure(
            "no key pair was found. Give secret_id= and secret_key=, or set one of the places that were tried: "
            + "; ".join(tried)
        )

    def _find_cvm_role(self) -> "Any":
        """The role of the machine, if it is a CVM with one. A machine without is asked again after minutes.

        :raises OSError: if the machine does not say
        """
        if monotonic() < self._asks_for_role_at:
            return None
        from tencentserverless._base import cvm_role

        url = self._metadata_url or cvm_role.METADATA_URL
        try:
            return cvm_role.CvmRole(url, cvm_role.find_role(url))
        except cvm_role.NoRole:
            self._asks_for_role_at = monotonic() + cvm_role.ABSENCE_SECONDS
            return None


class _Found:
    """Where keys were found.

    :param stamp: of the profile file before it was looked at
    :ivar looks_at: when it is looked at the next time, monotonic seconds
    """

    __slots__ = ("looks_at", "place", "provider", "stamp")

    def __init__(self, place: str, provider: FromObject, stamp: "Stamp | None") -> None:
        self.place = place
        self.provider = provider
        self.stamp = stamp
        self.looks_at = 0.0


def _stamp_profile() -> "Stamp | None":
    """What tells the profile file from what it was before, None where there is none."""
    for path in _PROFILE_PATHS:
        try:
            found = os.stat(os.path.expanduser(path))
        except OSError:
            continue
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
    return None


def _find_profile() -> "Any":
    from tencentcloud.common.credential import ProfileCredential

    try:
        return ProfileCredential().get_credential()
    except AttributeError as error:  # what 3.1.195 raises for a file without [default]
        if raised_by_handler(error):
            raise
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
