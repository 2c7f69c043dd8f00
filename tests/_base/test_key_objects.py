"""What is read of an object by the event loop itself is what cannot run code of the object."""

import time
import types
from collections import namedtuple

import pytest

from tencentserverless._base import key_objects
from tencentserverless._base.cvm_role import CvmRole
from tencentserverless.credentials import FromObject
from tencentserverless.models import Credentials
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Official: "Any" = pytest.importorskip("tencentcloud.common.credential")


runs: "list[object]" = []


def refuse(*_: object) -> str:
    """Code of an object, which the event loop must not run: it may go to the network."""
    runs.append(_)
    return "AKID"


class Attributes:
    def __init__(self, token: "Any" = "token") -> None:
        self.secret_id, self.secret_key, self.token = "AKID", "key", token


class Slots:
    __slots__ = ("secret_id", "secret_key")

    def __init__(self) -> None:
        self.secret_id, self.secret_key = "AKID", "key"


class WithDefaults:
    secret_id, secret_key, token = "AKID", "key", None


class OfOfficial(Official.Credential):  # type: ignore[misc]
    """Adds nothing to it."""


def make_module() -> types.ModuleType:
    module = types.ModuleType("settings")
    module.secret_id, module.secret_key = "AKID", "key"  # type: ignore[attr-defined]
    return module


PLAIN = {
    "attributes": Attributes(),
    "an empty token": Attributes(token=None),
    "slots": Slots(),
    "our own": Credentials("AKID", "key", "token"),
    "defaults of a class": WithDefaults(),
    "a class": WithDefaults,
    "a namespace": types.SimpleNamespace(secret_id="AKID", secret_key="key"),
    "a module": make_module(),
    "the official class": Official.Credential("AKID", "key", "token"),
    "a subclass of it": OfOfficial("AKID", "key"),
}


@pytest.mark.parametrize("way", sorted(PLAIN))
def test_what_is_stored_is_plain(way: str) -> None:
    assert key_objects.is_plain(PLAIN[way])
    found = FromObject(PLAIN[way]).peek()
    assert found is not None
    assert (found.secret_id, found.secret_key) == ("AKID", "key")
    assert found == FromObject(PLAIN[way]).get(False)


class Property(Attributes):
    secret_key = property(refuse)  # type: ignore[assignment]

    def __init__(self) -> None:
        self.secret_id = "AKID"


class HiddenProperty:
    """Its dictionary holds what the property gives out."""

    secret_id = property(refuse)

    def __init__(self) -> None:
        self.__dict__.update(secret_id="AKID", secret_key="key")


class TokenProperty:
    secret_id, secret_key = "AKID", "key"
    token = property(refuse)


class OfOneMoment(Attributes):
    """Suspected once: the loop read the method, for the secret id is a plain attribute."""

    get_credential_info = refuse  # type: ignore[assignment]


class OfOfficialWithMore(Official.Credential):  # type: ignore[misc]
    get_credential_info = refuse


class LazyToken:
    def __init__(self) -> None:
        self.secret_id, self.secret_key = "AKID", "key"

    __getattr__ = refuse


class Watched(Attributes):
    def __getattribute__(self, name: str) -> "Any":
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        return refuse()


class Descriptor:
    def __get__(self, *_: object) -> str:
        return refuse()


class ByDescriptor:
    secret_id, secret_key = Descriptor(), "key"


def make_with_method() -> "Any":
    found = Attributes()
    found.get_credential_info = refuse  # type: ignore[attr-defined]
    return found


class WithMeta(type):
    secret_id = property(refuse)


class OfMeta(metaclass=WithMeta):
    secret_key = "key"


NOT_PLAIN = {
    "a property": Property(),
    "a property over an attribute": HiddenProperty(),
    "a token by a property": TokenProperty(),
    "a method for all three": OfOneMoment(),
    "a method of the object": make_with_method(),
    "a method over the official one": OfOfficialWithMore("AKID", "key"),
    "a token on demand": LazyToken(),
    "every access": Watched(),
    "a descriptor": ByDescriptor(),
    "a class with a descriptor": ByDescriptor,
    "a class with a property": OfMeta,
    "a role": CvmRole("http://127.0.0.1:9/", "role"),
    "half a pair": types.SimpleNamespace(secret_id="AKID"),
}


@pytest.mark.parametrize("way", sorted(NOT_PLAIN))
def test_what_may_run_code_is_not_plain(way: str) -> None:
    assert not key_objects.is_plain(NOT_PLAIN[way])
    provider = FromObject(NOT_PLAIN[way])
    runs.clear()
    assert provider.peek() is None
    assert runs == []


def test_a_tuple_with_names_is_read_by_get() -> None:
    keys = namedtuple("keys", ("secret_id", "secret_key", "token"))
    assert FromObject(keys("AKID", "key", "token")).get(False) == Credentials("AKID", "key", "token")


class OfficialRole(Official.OIDCRoleArnCredential):  # type: ignore[misc]
    """As the official class, but that it asks no service. Its module is the official one, as the class's own is."""

    __module__ = Official.__name__

    def __init__(self, seconds: float) -> None:
        super().__init__("ap-guangzhou", "provider", "web-token", "arn", "session")
        self.seconds = seconds
        self.number = self.reads = 0

    def refresh(self) -> None:
        self.number += 1
        self._tmp_secret_id, self._tmp_secret_key, self._token = "AKID{}".format(self.number), "key", "token"
        self._expired_time = time.time() + self.seconds

    def get_credential_info(self) -> "Any":
        self.reads += 1
        return super().get_credential_info()


def test_keys_of_an_official_role_are_in_memory_until_the_class_gets_new_ones() -> None:
    role = OfficialRole(3600)
    provider = FromObject(role)
    assert provider.peek() is None
    for _ in range(3):
        assert provider.get(False).secret_id == "AKID1"
    reads = role.reads
    assert provider.peek() == provider.get(False) == Credentials("AKID1", "key", "token")
    assert role.reads == reads
    role.refresh()  # by somebody else who has the object
    assert provider.peek() is None, "keys that it does not give any more are not used"
    assert provider.get(False).secret_id == "AKID2"
    assert provider.get(True).secret_id == "AKID3"


def test_keys_of_an_official_role_that_have_run_out_are_read_anew() -> None:
    provider = FromObject(OfficialRole(-10))
    assert [provider.get(False).secret_id for _ in range(3)] == ["AKID1", "AKID2", "AKID3"]
    assert provider.peek() is None


def test_the_end_of_keys_of_the_older_role_class_is_known() -> None:
    role = Official.CVMRoleCredential("role")
    assert key_objects.find_fresh_end(role) < 0
    role._expired_ts = 5000
    assert key_objects.find_fresh_end(role) == 4700.0, "it gets new ones five minutes before"
    assert key_objects.find_expiry(role) == 5000.0


def test_the_end_of_keys_of_an_unknown_class_is_not_guessed() -> None:
    """Its attribute may mean anything, and its keys may change before."""
    source = types.SimpleNamespace(secret_id="AKID", secret_key="key", _expired_time=time.time() + 3600)
    assert key_objects.find_fresh_end(source) == 0.0
