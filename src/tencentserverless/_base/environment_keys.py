"""The environment's keys: the base of all providers of credentials, and the two that read variables."""

from tencentserverless import config
from tencentserverless._core.request import check_header_value
from tencentserverless.exception import CredentialError
from tencentserverless.models import Credentials, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    Triple = tuple[str, str, str]


class Provider:
    """Gives the credentials for a signature."""

    def get(self, refresh: bool) -> Credentials:
        """Return the credentials to sign with now.

        :param refresh: True if the last ones were refused: get new ones
        :raises CredentialError: if there are none
        """
        raise NotImplementedError

    def peek(self) -> "Credentials | None":
        """Return the credentials if that cannot block, None if ``get`` must be called."""
        return None

    def source(self) -> str:
        """Describe the place of the keys that ``get`` returned; the text has no secret."""
        raise NotImplementedError

    def expires_at(self) -> "float | None":
        """Return the expiry of the keys, in UNIX seconds; None if it is not known, or there is none."""
        return None


class FromEnvironment:
    """The variables of a function's environment, read each time: a warm instance's keys rotate.

    :param names: the names of the variables with secret id, secret key and token
    """

    def __init__(self, names: "Triple") -> None:
        self._names = names
        self._is_any_set = config.watch_variables(names[:2])
        self._kept: "tuple[Triple, Credentials] | None" = None

    def find(self) -> "Credentials | None":
        """Find the keys, None if neither variable is set."""
        if not self._is_any_set():
            return None
        triple = config.ambient_keys(self._names)
        kept = self._kept
        if kept is not None and kept[0] == triple:
            return kept[1]
        if not triple[0] and not triple[1]:
            return None
        try:
            credentials = check_keys(*triple, names=self._names)
        except ValueError as error:
            if is_of_handler(error):
                raise
            raise make_failure("the environment's keys cannot be used: {}".format(error)) from error
        self._kept = (triple, credentials)
        return credentials


class FromToken(Provider):
    """A token that is given alone, as programs inside a function do: its pair is in the environment, beside it.

    A token that equals one of the environment's stands for that whole family of variables, also after they change: a
    warm instance's keys rotate. Any other token goes with the first family that has a pair.

    :raises ValueError: if a header cannot hold the token; it is not shown
    """

    def __init__(self, token: str) -> None:
        self._token = check_header_value("token", token)
        families = (config.FUNCTION_KEYS, config.TOOL_KEYS)
        own = [names for names in families if config.ambient_keys(names)[2] == token]
        self._is_ambient = bool(own)
        self._places = [(names, FromEnvironment(names)) for names in own[:1] or families]
        self._kept: "Credentials | None" = None

    def get(self, refresh: bool) -> Credentials:
        """Return the pair of the environment with the token."""
        for _, place in self._places:
            found = place.find()
            if found is not None:
                return found if self._is_ambient else self._join(found)
        places = " nor ".join("{} and {}".format(*names[:2]) for names, _ in self._places)
        words = "token is given without secret_id and secret_key, and the environment has no {}"
        raise make_failure(words.format(places))

    def peek(self) -> Credentials:
        """Return the pair of the environment with the token."""
        return self.get(False)

    def source(self) -> str:
        """Describe the place of the pair."""
        found = [names for names, place in self._places if place.find() is not None]
        return "the environment ({} and {}), with the given token".format(*(found or [self._places[0][0]])[0][:2])

    def _join(self, found: Credentials) -> Credentials:
        kept = self._kept
        if kept is None or (kept.secret_id, kept.secret_key) != (found.secret_id, found.secret_key):
            kept = self._kept = Credentials(found.secret_id, found.secret_key, self._token)
        return kept


def check_keys(secret_id: str, secret_key: str, token: str, names: "Triple") -> Credentials:
    """Return the keys if requests can be signed with them.

    :param names: the caller's names of the three, for the message
    :raises TypeError: if one is no text
    :raises ValueError: if half a pair is missing, or a header cannot hold one; no secret is shown
    """
    for name, value in zip(names, (secret_id, secret_key, token)):
        if not isinstance(value, str):
            raise TypeError("{} must be a str, not a {}".format(name, type(value).__name__))
    if not secret_id or not secret_key:
        missing, given = (names[0], names[1]) if not secret_id else (names[1], names[0])
        raise ValueError("{} is given without {}; keys come in pairs".format(given, missing))
    token = "" if token.isspace() else token  # Tencent's guide has token=" " as a workaround for 0.1.7
    for name, value in zip(names, (secret_id, secret_key, token)):
        check_header_value(name, value)
    return Credentials(secret_id, secret_key, token)


def make_failure(message: str) -> CredentialError:
    """Make the error for keys that are missing, or that cannot be used."""
    return CredentialError("InvalidCredential", message, executed=Verdict.NO)


def is_of_handler(error: BaseException) -> bool:
    """True if a signal handler raised this. See ``signals.raised_by_handler``, which loads at the first error."""
    from tencentserverless._base.signals import raised_by_handler

    return raised_by_handler(error)
