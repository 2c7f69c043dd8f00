"""Access keys: the server's own key pair, the temporary keys of instances, and keys that open something once."""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

from tencentserverless.models import Credentials

_ALPHABET = string.ascii_letters + string.digits
_SECRET_ID_PREFIX = "AKID"  # noqa: S105  # the public half
_RANDOM_CHARS = 32
_TOKEN_BYTES = 48
_MAX_WAITING_KEYS = 16  # ours
LINK_SECONDS = 120.0  # ours: in which a link to the dashboard is opened


def make_key_pair() -> Credentials:
    """Make a new key pair in the platform's form: ``AKID`` and 32 characters, and 32 characters."""
    return Credentials(_SECRET_ID_PREFIX + _random_text(), _random_text())


def _random_text() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))


@dataclass(slots=True, eq=False)
class AccessKey:
    """Keys that the server accepts until they are revoked; temporary ones until a time."""

    credentials: Credentials
    expires_at: float | None = None  # UNIX seconds
    is_revoked: bool = False


class OneUseKeys:
    """Keys that open something once, for a short time: those of the links to the dashboard.

    :param clock: UNIX seconds
    """

    def __init__(self, clock: Callable[[], float], lifetime_seconds: float) -> None:
        self._clock = clock
        self.lifetime_seconds: float = lifetime_seconds
        self._keys: dict[str, float] = {}

    def make(self) -> str:
        """Make a key. Of too many that wait, the oldest one is dropped."""
        key = secrets.token_urlsafe(_TOKEN_BYTES)
        self._keys[key] = self._clock() + self.lifetime_seconds
        if len(self._keys) > _MAX_WAITING_KEYS:
            del self._keys[next(iter(self._keys))]
        return key

    def take(self, key: str) -> bool:
        """Use a key up. False if it is unknown, used or too old."""
        return self._clock() < self._keys.pop(key, -1.0)

    def waits(self, key: str) -> bool:
        """True if a key is still to be used."""
        return self._clock() < self._keys.get(key, -1.0)

    def __repr__(self) -> str:
        return f"<OneUseKeys, {len(self._keys)} not used>"


class KeyRing:
    """Keeps every key that the server accepts. Temporary keys are revoked at the end of their instance.

    :param owner: the server's own key pair
    :param clock: UNIX seconds
    :param lifetime_seconds: the lifetime of a temporary key
    """

    def __init__(self, owner: Credentials, clock: Callable[[], float], lifetime_seconds: int) -> None:
        self.owner = owner
        self.clock: Callable[[], float] = clock
        self._lifetime_seconds = lifetime_seconds
        self._keys = {owner.secret_id: AccessKey(owner)}

    def find(self, secret_id: str) -> AccessKey | None:
        """Return the key of a SecretId, also if it has expired."""
        return self._keys.get(secret_id)

    def issue(self) -> AccessKey:
        """Issue new temporary keys, bound to a token of their own."""
        pair = make_key_pair()
        credentials = Credentials(pair.secret_id, pair.secret_key, secrets.token_urlsafe(_TOKEN_BYTES))
        key = AccessKey(credentials, self.clock() + self._lifetime_seconds)
        self._keys[credentials.secret_id] = key
        return key

    def expires_within(self, key: AccessKey, needed_seconds: float) -> bool:
        """True if a key expires before the end of a call that needs this many seconds."""
        return key.expires_at is not None and key.expires_at - self.clock() < needed_seconds

    def revoke(self, key: AccessKey) -> None:
        """Revoke a temporary key; the owner's key stays."""
        if key.expires_at is not None:
            key.is_revoked = True
            self._keys.pop(key.credentials.secret_id, None)

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._keys)} keys>"
