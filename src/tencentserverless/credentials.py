"""Providers of credentials: explicit keys, an object of the caller's, the environment, then Tencent's own providers.

Providers are asked at every signing, so that rotated keys are used at once; no key is kept past its expiry. The
official providers load only when no earlier place has keys, because they import ``requests``.
"""

import os

from tencentserverless import config
from tencentserverless._base import key_objects
from tencentserverless._base.environment_keys import (
    FromEnvironment,
    FromToken,
    Provider,
    check_keys,
    is_of_handler,
    make_failure,
)
from tencentserverless._base.fork_lock import ForkLock
from tencentserverless._base.runtime import monotonic, wall
from tencentserverless.models import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, TypeVar

    from tencentserverless._base.key_objects import KeySource

    Found = TypeVar("Found")
    Triple = tuple[str, str, str]
    Stamp = tuple[int, int, int, int]

_PROFILE = "the profile file ~/.tencentcloud/credentials"
_PROFILE_PATHS = ("~/.tencentcloud/credentials", "/etc/tencentcloud/credentials")  # as Tencent's provider has them
#: The profile file is checked for a change this often, so that few of many calls a second have to.
CHECK_SECONDS = 0.1


class Explicit(Provider):
    """The caller's own keys, always the same.

    :raises ValueError: if only half a pair is given, or a header cannot hold a value; no secret is shown
    """

    def __init__(self, secret_id: "str | None", secret_key: "str | None", token: "str | None") -> None:
        self._credentials = check_keys(
            secret_id or "", secret_key or "", token or "", ("secret_id", "secret_key", "token")
        )

    def get(self, refresh: bool) -> Credentials:
        """Return the keys that were given."""
        return self._credentials

    def peek(self) -> Credentials:
        """Return the keys that were given."""
        return self._credentials

    def source(self) -> str:
        """Describe the place: the keys were given."""
        return "given explicitly"


class FromObject(Provider):
    """An object with ``secret_id``, ``secret_key`` and perhaps ``token``: the official credential classes, or your own.

    It is read at each signing, or once if it ``is_ours``. For a refresh its ``refresh()`` is called if it has one.
    """

    def __init__(self, source: object, is_ours: bool = False) -> None:
        if not key_objects.has_keys(source):
            raise TypeError("credentials= needs an object with secret_id and secret_key, not {!r}".format(type(source)))
        self._source: "KeySource" = source
        self._kept: "Credentials | None" = None
        self._fresh: "tuple[Credentials, float] | None" = None  # keys, and the end of the time in which they stay
        self._lock = ForkLock()
        self._is_plain = key_objects.is_plain(source)
        self._is_ours = is_ours

    def peek(self) -> "Credentials | None":
        """Return its keys if they are plain attributes, or of an official class that keeps them for a time."""
        if self._is_ours and self._kept is not None:
            return self._kept
        if self._is_plain:
            return self._keep(self._run(key_objects.read_attributes))
        fresh = self._fresh
        if fresh is not None and wall() < fresh[1] == key_objects.find_fresh_end(self._source):
            return fresh[0]
        return None

    def get(self, refresh: bool) -> Credentials:
        """Return its keys as they are now; one thread at a time reads them."""
        credentials = None if refresh else self.peek()
        if credentials is not None:
            return credentials
        return self._lock.hold(self._read, self._get_amid, refresh)

    def _read(self, refresh: bool) -> Credentials:
        """Read its keys. If the object keeps keys for a time, they are kept for the same time."""
        if refresh:
            self._run(key_objects.refresh)
        end = key_objects.find_fresh_end(self._source)
        credentials = self._keep(self._run(key_objects.read))
        if end:
            # The object may have got other keys meanwhile. Then the next call reads it again.
            is_same = end == key_objects.find_fresh_end(self._source)
            self._fresh = (credentials, end) if is_same else None
        return credentials

    def _get_amid(self, refresh: bool) -> Credentials:
        """Return the kept keys in the middle of a reading in this same thread: a second reading could hang."""
        if self._kept is not None and not refresh:
            return self._kept
        words = "the credential provider {} was asked for keys while it gave some, by a signal handler or by itself"
        raise make_failure(words.format(type(self._source).__name__))

    def source(self) -> str:
        """Describe the place: the object's class."""
        return "an object of class {}".format(type(self._source).__name__)

    def expires_at(self) -> "float | None":
        """Return the expiry that the object, or its official class, keeps."""
        return key_objects.find_expiry(self._source)

    def _keep(self, triple: "Triple") -> Credentials:
        kept = self._kept
        try:
            if kept is None or (kept.secret_id, kept.secret_key, kept.token) != triple:
                kept = self._kept = check_keys(*triple, names=("its secret_id", "its secret_key", "its token"))
        except (TypeError, ValueError) as error:
            if is_of_handler(error):
                raise
            name = type(self._source).__name__
            raise make_failure("the credential provider {} has no usable keys: {}".format(name, error)) from error
        return kept

    def _run(self, act: "Callable[[KeySource], Found]") -> "Found":
        """Run code of the object; make its exception a ``CredentialError``."""
        try:
            return act(self._source)
        except Exception as error:
            if is_of_handler(error):
                raise
            name = type(self._source).__name__
            raise make_failure("the credential provider {} failed: {}".format(name, error)) from error


class Chain(Provider):
    """The chain of places that may have keys, if none are given: the environment, then Tencent's providers.

    The first place with keys is kept until the profile file changes, is created or is removed.

    :param metadata_url: of the CVM metadata service, ``""`` for Tencent's; tests give another
    """

    def __init__(self, metadata_url: str = "") -> None:
        self._inside = FromEnvironment(config.FUNCTION_KEYS)
        self._tools = FromEnvironment(config.TOOL_KEYS)
        self._is_any_set = config.watch_variables(config.FUNCTION_KEYS[:2] + config.TOOL_KEYS[:2])
        self._metadata_url = metadata_url
        self._lock = ForkLock()
        self._found: "_Found | None" = None
        self._asks_for_role_at = 0.0  # monotonic seconds: until then the machine counts as one without a role

    def peek(self) -> "Credentials | None":
        """Return the environment's keys, else keys in memory that were found before."""
        credentials = self._find_ambient()
        if credentials is None:
            found = self._find_known()
            credentials = None if found is None else found.provider.peek()
        return credentials

    def get(self, refresh: bool) -> Credentials:
        """Return the environment's keys, else the keys of the first official provider that has some."""
        credentials = self._find_ambient()
        if credentials is not None:
            return credentials
        # After a refusal, only the file may have other keys.
        is_refused = refresh and self._found is not None and self._found.place == _PROFILE
        found = None if is_refused else self._find_known()
        if found is None:
            found = self._lock.hold(self._search_once, self._refuse_search, is_refused)
        return found.provider.get(refresh)

    def source(self) -> str:
        """Describe the place that was found; ``""`` before a search beyond the environment."""
        for names, place in ((config.FUNCTION_KEYS, self._inside), (config.TOOL_KEYS, self._tools)):
            if place.find() is not None:
                return "the environment ({} and {})".format(*names[:2])
        return "" if self._found is None else self._found.place

    def expires_at(self) -> "float | None":
        """Return the expiry that the found object has; the environment has none."""
        return None if self._found is None or self._find_ambient() is not None else self._found.provider.expires_at()

    def _find_ambient(self) -> "Credentials | None":
        return (self._inside.find() or self._tools.find()) if self._is_any_set() else None

    def _find_known(self) -> "_Found | None":
        """Return the place that was found before, None if there is none or the profile file has changed."""
        found = self._found
        if found is None:
            return None
        now = monotonic()
        if now >= found.check_at:
            if found.stamp != _stamp_profile():
                return None
            found.check_at = now + CHECK_SECONDS
        return found

    def _search_once(self, is_refused: bool) -> "_Found":
        """Return the place that another thread has just found, else search."""
        found = None if is_refused else self._find_known()
        if found is None:
            found = self._found = self._search(self._found)
        return found

    def _refuse_search(self, is_refused: bool) -> "_Found":
        """Refuse a search in the middle of a search in this same thread, which it could disturb."""
        raise make_failure("a signal handler made a call while the keys are searched for that it needs")

    def _search(self, before: "_Found | None") -> "_Found":
        """Try every place.

        :param before: the result of the last search
        """
        stamp = _stamp_profile()
        tried = ["{} and {}".format(*config.FUNCTION_KEYS), "{} and {}".format(*config.TOOL_KEYS)]
        sources: "tuple[tuple[str, Callable[[], KeySource | None]], ...]" = (
            (_PROFILE, _find_profile),
            ("the TKE role ({} and others)".format(config.TKE_KEYS[0]), _find_tke_role),
            ("the CVM role (instance metadata)", self._find_cvm_role),
        )
        for place, find in sources:
            known = before if before is not None and before.place == place else None
            if known is not None and place != _PROFILE:
                return _Found(place, known.provider, stamp)  # a role gets new keys by itself
            try:
                source = find()
            except Exception as error:
                if is_of_handler(error):
                    raise
                tried.append("{}: {}".format(place, error))
            else:
                if source is not None:
                    return _Found(place, FromObject(source, is_ours=place == _PROFILE), stamp)
                tried.append(place)
            if known is not None and stamp is not None:
                return known  # the file is being written; until it is whole, its earlier keys are used
        raise make_failure(
            "no key pair was found. Give secret_id= and secret_key=, or use one of the places that were tried: "
            "{}".format("; ".join(tried))
        )

    def _find_cvm_role(self) -> "KeySource | None":
        """Find the role of the machine, if it is a CVM with one; else the machine is asked again after minutes.

        :raises OSError: if the machine gives no usable answer
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
    """A place with keys.

    :param stamp: of the profile file before the search
    :ivar check_at: the time of the next check of the file, monotonic seconds
    """

    __slots__ = ("check_at", "place", "provider", "stamp")

    def __init__(self, place: str, provider: FromObject, stamp: "Stamp | None") -> None:
        self.place = place
        self.provider = provider
        self.stamp = stamp
        self.check_at = 0.0


def _stamp_profile() -> "Stamp | None":
    """Make a stamp of the profile file, which differs after each change of the file; None if there is no file."""
    for path in _PROFILE_PATHS:
        try:
            found = os.stat(os.path.expanduser(path))
        except OSError:
            continue
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
    return None


def _find_profile() -> "KeySource | None":
    from tencentcloud.common.credential import ProfileCredential

    try:
        return ProfileCredential().get_credential()  # type: ignore[no-any-return]
    except AttributeError as error:  # 3.1.195 raises it for a file without [default]
        if is_of_handler(error):
            raise
        raise ValueError("the file has no section [default]") from None


def _find_tke_role() -> "KeySource | None":
    if not config.has_tke_role():
        return None
    from tencentcloud.common.credential import DefaultTkeOIDCRoleArnProvider

    return DefaultTkeOIDCRoleArnProvider().get_credential()  # type: ignore[no-any-return]


def is_half_pair(secret_id: "str | None", secret_key: "str | None") -> bool:
    """True if one half of a pair is given without the other; empty text counts as not given."""
    return bool(secret_id) is not bool(secret_key)


def choose_provider(
    secret_id: "str | None", secret_key: "str | None", token: "str | None", credentials: object = None
) -> Provider:
    """Choose the provider for a client's arguments: explicit keys first, then ``credentials=``, then the chain.

    :raises ValueError: if half a pair is given; empty text counts as not given
    """
    if secret_id or secret_key:
        return Explicit(secret_id, secret_key, token)
    if token and not token.isspace():
        if credentials is not None:
            raise ValueError("token is given beside credentials=, which has its own; leave one of them out")
        return FromToken(token)
    if credentials is not None:
        return FromObject(credentials)
    return Chain()
