"""Who may call: the server's key pair, and the temporary keys that instances carry."""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

from tencentserverless.models import Credentials

_ALPHABET = string.ascii_letters + string.digits
_SECRET_ID_PREFIX = "AKID"  # noqa: S105  # the public half
_RANDOM_CHARS = 32
_TOKEN_BYTES = 48


def make_key_pair() -> Credentials:
    """A new key pair of the platform's shape: ``AKID`` and 32 characters, and 32 characters."""
    return Credentials(_SECRET_ID_PREFIX + _random_text(), _random_text())


def _random_text() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Keys that open the server, until a time if they are temporary."""

    credentials: Credentials
    expires_at: float | None = None  # UNIX seconds


class KeyRing:
    """Every key that opens the server. Temporary ones go with the instance that they were made for.

    :param owner: the server's own key pair
    :param clock: UNIX seconds
    :param lifetime_seconds: how long a temporary key opens
    """

    def __init__(self, owner: Credentials, clock: Callable[[], float], lifetime_seconds: int) -> None:
        self.owner = owner
        self._clock = clock
        self._lifetime_seconds = lifetime_seconds
        self._grants = {owner.secret_id: AccessKey(owner)}

    def find(self, secret_id: str) -> AccessKey | None:
        """The grant under a SecretId, expired or not."""
        return self._grants.get(secret_id)

    def issue(self) -> AccessKey:
        """New temporary keys, bound to a token of their own."""
        pair = make_key_pair()
        credentials = Credentials(pair.secret_id, pair.secret_key, secrets.token_urlsafe(_TOKEN_BYTES))
        grant = AccessKey(credentials, self._clock() + self._lifetime_seconds)
        self._grants[credentials.secret_id] = grant
        return grant

    def expires_within(self, grant: AccessKey, needed_seconds: float) -> bool:
        """Whether a grant ends before a call that needs so many seconds would."""
        return grant.expires_at is not None and grant.expires_at - self._clock() < needed_seconds

    def revoke(self, grant: AccessKey) -> None:
        """Take a temporary grant back; the owner's stays."""
        if grant.expires_at is not None:
            self._grants.pop(grant.credentials.secret_id, None)

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._grants)} keys>"
