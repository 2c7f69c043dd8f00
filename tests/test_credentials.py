import json
import os
import random
import signal
import threading
import time
import traceback
from types import SimpleNamespace

import pytest

from tencentserverless import config, credentials
from tencentserverless._base import cvm_role
from tencentserverless.aio import AsyncClient
from tencentserverless.credentials import Chain, Explicit, FromObject, choose_provider
from tencentserverless.exception import CredentialError
from tencentserverless.models import Credentials, Verdict
from tencentserverless.scf import Client
from tests.alarms import on_alarm
from tests.peer import KEYS, WAIT_SECONDS, Peer, PeerRequest, api_error, http_answer, ok, unused_port
from tests.profiles import examples
from tests.proof.campaign import run_on_new_loop
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

SECRET = "very-secret-value"
NOWHERE = "http://127.0.0.1:{}/"


@pytest.fixture
def absent_metadata() -> str:
    """A metadata address where nobody listens."""
    return NOWHERE.format(unused_port())


def role_answers(request: PeerRequest) -> bytes:
    """What the metadata service of a CVM with a role says."""
    if request.target.endswith("/security-credentials/"):
        return http_answer("the-role")
    assert request.target.endswith("/security-credentials/the-role")
    found = {
        "Code": "Success",
        "TmpSecretId": "AKIDrole",
        "TmpSecretKey": "role-key",
        "Token": "role-token",
        "ExpiredTime": int(time.time()) + 7200,
    }
    return http_answer(json.dumps(found))


def write_profile(home: str, text: str) -> None:
    folder = os.path.join(home, ".tencentcloud")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "credentials"), "w", encoding="utf-8") as file:
        file.write(text)


def set_function_keys(monkeypatch: pytest.MonkeyPatch, number: int, token: str = "") -> None:
    values = ("AKIDinside{}".format(number), "key{}".format(number), token)
    for name, value in zip(config.FUNCTION_KEYS, values):
        monkeypatch.setenv(name, value)


def set_tool_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(config.TOOL_KEYS, ("AKIDtool", "tool-key", "tool-token")):
        monkeypatch.setenv(name, value)


def key_of(request: PeerRequest) -> str:
    return request.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def test_the_sources_are_asked_in_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: "os.PathLike[str]") -> None:
    """Explicit, object, the function's environment, the tools' environment, the profile, the CVM's role."""
    with Peer(answer=role_answers) as metadata:
        found = []

        def look(*given: "Any") -> None:
            provider = choose_provider(*given)
            if isinstance(provider, Chain):
                provider = Chain(metadata.url + "/")
            found.append(provider.get(False).secret_id)

        look(None, None, None)
        write_profile(str(tmp_path), "[default]\nsecret_id = AKIDprofile\nsecret_key = profile-key\n")
        look(None, None, None)
        set_tool_keys(monkeypatch)
        look(None, None, None)
        set_function_keys(monkeypatch, 1)
        look(None, None, None)
        look(None, None, None, Credentials("AKIDobject", "key"))
        look("AKIDgiven", "key", None, Credentials("AKIDobject", "key"))
    assert found == ["AKIDrole", "AKIDprofile", "AKIDtool", "AKIDinside1", "AKIDobject", "AKIDgiven"]


def test_a_provider_says_where_its_keys_come_from_and_when_they_run_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: "os.PathLike[str]"
) -> None:
    def look(provider: "Any") -> "tuple[str, float | None]":
        provider.get(False)
        return provider.source(), provider.expires_at()

    with Peer(answer=role_answers) as metadata:
        place, expires_at = look(Chain(metadata.url + "/"))
        assert place == "the CVM role (instance metadata)"
        assert expires_at is not None
        assert abs(expires_at - time.time() - 7200) < 10
        write_profile(str(tmp_path), "[default]\nsecret_id = AKIDprofile\nsecret_key = profile-key\n")
        assert look(Chain(metadata.url + "/")) == ("the profile file ~/.tencentcloud/credentials", None)
        set_tool_keys(monkeypatch)
        found = look(Chain(metadata.url + "/"))
        assert found == ("the environment (TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY)", None)
    assert look(Explicit("AKIDgiven", "key", None)) == ("given explicitly", None)
    assert look(FromObject(Credentials("AKIDobject", "key"))) == ("an object of class Credentials", None)


def test_explicit_keys_never_pick_up_the_environments_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.1.7 did, and signed with a pair that did not belong together."""
    set_function_keys(monkeypatch, 1, "env-token")
    assert choose_provider("AKID", "key", None).get(False).token == ""


@pytest.mark.parametrize("token", ["", " ", "  ", "\t", None])
def test_a_blank_token_is_none(token: "str | None") -> None:
    assert choose_provider("AKID", "key", token).get(False) == Credentials("AKID", "key", "")


def test_a_blank_token_in_the_environment_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    set_function_keys(monkeypatch, 1, " ")
    assert Chain().get(False).token == ""


def test_keys_that_rotate_inside_a_warm_process_are_used_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.1.7 kept the first ones for ever."""
    with Peer() as peer, Client(endpoint=peer.url) as client:
        for number in range(3):
            set_function_keys(monkeypatch, number, "token{}".format(number))
            client.invoke("f")
    assert [key_of(request) for request in peer.requests] == ["AKIDinside0", "AKIDinside1", "AKIDinside2"]
    assert [request.headers["x-tc-token"] for request in peer.requests] == ["token0", "token1", "token2"]
    assert peer.accepts == 1


def test_a_token_that_rotates_alone_is_seen() -> None:
    chain = Chain()
    with pytest.MonkeyPatch.context() as patch:
        set_function_keys(patch, 1, "one")
        first = chain.get(False)
        assert chain.get(False) is first, "unchanged keys are the same object, for the signer's cache goes by it"
        set_function_keys(patch, 1, "two")
        assert chain.get(False).token == "two"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("AKID", None, None), "secret_id is given without secret_key"),
        (("AKID", "", None), "secret_id is given without secret_key"),
        ((None, SECRET, None), "secret_key is given without secret_id"),
        ((None, SECRET, "token"), "secret_key is given without secret_id"),
    ],
)
def test_half_a_pair_is_a_value_error_of_the_first_call(
    given: "tuple[Any, ...]", message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other half can still be set, and a program that only imports a module with a client in it goes on."""
    set_function_keys(monkeypatch, 1)
    with Peer() as peer, Client(None, *given, endpoint=peer.url) as client:
        for call in (lambda: client.invoke("f"), lambda: client.map("f", [1]), lambda: client.spawn("f")):
            with pytest.raises(ValueError, match=message) as caught:
                call()
            assert SECRET not in str(caught.value)
        assert peer.requests == []
        client.secret_id, client.secret_key = "AKID", "key"
        assert client.invoke("f") == '"ok"'


def test_half_a_pair_is_a_value_error_of_the_first_asynchronous_call() -> None:
    async def main() -> None:
        client = AsyncClient("ap-guangzhou", "AKID")
        with pytest.raises(ValueError, match="secret_id is given without secret_key"):
            await client.invoke("f")
        with pytest.raises(ValueError, match="secret_id is given without secret_key"):
            async for _ in client.map("f", [1]):
                pass

    run_on_new_loop(main())


@pytest.mark.parametrize("names", [config.FUNCTION_KEYS, config.TOOL_KEYS])
@pytest.mark.parametrize("index", [0, 1])
def test_half_a_pair_in_the_environment_is_named(
    names: "tuple[str, str, str]", index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(names[index], SECRET)
    with pytest.raises(
        CredentialError, match="{} is given without {}".format(names[index], names[1 - index])
    ) as caught:
        Chain().get(False)
    assert SECRET not in str(caught.value)
    assert caught.value.executed is Verdict.NO


@pytest.mark.parametrize("bad", ["\n", "\r\nX-Evil: 1", " ", "\u00e4", "\x00"])
@pytest.mark.parametrize("field", ["secret_id", "secret_key", "token"])
def test_keys_with_line_breaks_are_refused_and_never_shown(field: str, bad: str) -> None:
    values = dict(KEYS, token="t")
    values[field] = SECRET + bad
    with pytest.raises(ValueError, match=field + " holds a blank, a line break") as caught:
        Client(**values)
    shown = "".join(traceback.format_exception_only(type(caught.value), caught.value)) + repr(caught.value)
    assert SECRET not in shown


@pytest.mark.parametrize("field", [0, 1, 2])
def test_keys_with_line_breaks_in_the_environment_are_refused_and_never_shown(
    field: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_function_keys(monkeypatch, 1, "t")
    monkeypatch.setenv(config.FUNCTION_KEYS[field], SECRET + "\n")
    with pytest.raises(CredentialError, match=config.FUNCTION_KEYS[field]) as caught:
        Chain().get(False)
    error = caught.value
    shown = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    assert SECRET not in shown + repr(error) + repr(error.args)


@pytest.mark.parametrize("value", [1, b"AKID", ["AKID"]])
def test_keys_that_are_no_text_are_a_type_error_without_the_value(value: "Any") -> None:
    with pytest.raises(TypeError, match="secret_key must be a str, not a"):
        Client(secret_id="AKID", secret_key=value)


def test_no_secret_stands_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(secret_id="AKIDlongsecretid", secret_key=SECRET, token=SECRET)
    for found in (client, client.f, client._get_provider(), client._get_provider().get(False), client._addressing):
        assert SECRET not in repr(found)
        assert "AKIDlongsecretid" not in repr(found)


class Plain:
    """Somebody's own keys, as plain attributes."""

    def __init__(self, secret_id: "Any", secret_key: "Any", token: "Any" = None) -> None:
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.token = token


class Counted:
    """Keys from properties, as a vault gives them; each refresh makes new ones."""

    def __init__(self) -> None:
        self.number = 0
        self.reads = 0

    @property
    def secret_id(self) -> str:
        self.reads += 1
        return "AKIDcounted{}".format(self.number)

    @property
    def secret_key(self) -> str:
        return "key"

    @property
    def token(self) -> str:
        return "token{}".format(self.number)

    def refresh(self) -> None:
        self.number += 1


def test_an_object_is_read_at_each_signing() -> None:
    source = Plain("AKID1", "key1")
    with Peer() as peer, Client(endpoint=peer.url, credentials=source) as client:
        client.invoke("f")
        source.secret_id, source.secret_key, source.token = "AKID2", "key2", "tok2"
        client.invoke("f")
    assert [key_of(request) for request in peer.requests] == ["AKID1", "AKID2"]
    assert "x-tc-token" not in peer.requests[0].headers
    assert peer.requests[1].headers["x-tc-token"] == "tok2"


def test_an_object_without_a_token_will_do() -> None:
    class Two:
        secret_id = "AKIDtwo"
        secret_key = "key"

    assert FromObject(Two()).get(False) == Credentials("AKIDtwo", "key", "")
    assert FromObject(Two).get(False).secret_id == "AKIDtwo"


def test_the_official_credential_fits() -> None:
    from tencentcloud.common.credential import Credential

    with Peer() as peer, Client(endpoint=peer.url, credentials=Credential("AKIDofficial", "key", "tok")) as client:
        client.invoke("f")
    assert key_of(peer.requests[0]) == "AKIDofficial"
    assert peer.requests[0].headers["x-tc-token"] == "tok"


def test_all_three_keys_are_of_one_moment() -> None:
    """An official provider gives them together; read one by one, a rotation could fall in between."""

    class Rotating:
        def __init__(self) -> None:
            self.number = 0

        @property
        def secret_id(self) -> str:
            raise AssertionError("read one by one")

        def get_credential_info(self) -> "tuple[str, str, str]":
            self.number += 1
            return "AKID{}".format(self.number), "key{}".format(self.number), "tok{}".format(self.number)

    class Quiet(Rotating):
        secret_id = "not asked"  # type: ignore[assignment]

    assert FromObject(Quiet()).get(False) == Credentials("AKID1", "key1", "tok1")


def test_a_refused_token_makes_the_object_refresh_and_the_call_succeed() -> None:
    source = Counted()

    def answer(request: PeerRequest) -> bytes:
        return ok() if request.headers["x-tc-token"] == "token1" else api_error("AuthFailure.TokenFailure")

    with Peer(answer=answer) as peer, Client(endpoint=peer.url, credentials=source, max_attempts=1) as client:
        assert client.invoke("f") == '"ok"'
        assert client.invoke("f") == '"ok"'
    assert [key_of(request) for request in peer.requests] == ["AKIDcounted0", "AKIDcounted1", "AKIDcounted1"]
    assert source.number == 1


def test_the_official_role_classes_are_refreshed_their_own_way() -> None:
    class Sts:
        secret_id = secret_key = "x"

        def __init__(self) -> None:
            self.asked = 0

        def get_sts_tmp_role_arn(self) -> None:
            self.asked += 1

    sts = Sts()
    FromObject(sts).get(True)
    assert sts.asked == 1
    with Peer(answer=role_answers) as metadata:
        chain = Chain(metadata.url + "/")
        chain.get(False)
        before = len(metadata.requests)
        chain.get(False)
        assert len(metadata.requests) == before, "keys that have not run out are kept"
        assert chain.get(True).secret_id == "AKIDrole"
        assert len(metadata.requests) == before + 1


BAD_KEYS = {
    "bytes as an id": (b"AKID", "key", None, "its secret_id must be a str, not a bytes"),
    "bytes as a key": ("AKID", b"key", None, "its secret_key must be a str, not a bytes"),
    "a number as a token": ("AKID", "key", 5, "its token must be a str, not a int"),
    "a list": (["AKID"], "key", None, "its secret_id must be a str, not a list"),
    "no id": (None, "key", None, "its secret_key is given without its secret_id"),
    "no key": ("AKID", "", None, "its secret_id is given without its secret_key"),
    "a line break": ("AKID", "key\n", None, "its secret_key holds a blank, a line break"),
}


@pytest.mark.parametrize("way", sorted(BAD_KEYS))
@pytest.mark.parametrize("is_plain", [True, False])
def test_keys_of_an_object_that_cannot_be_used_are_a_credential_error_that_names_the_field(
    way: str, is_plain: bool
) -> None:
    *keys, words = BAD_KEYS[way]
    source = Plain(*keys)
    if not is_plain:
        source.get_credential_info = lambda: keys  # type: ignore[attr-defined]
    with Peer() as peer, Client(endpoint=peer.url, credentials=source) as client:
        with pytest.raises(CredentialError) as caught:
            client.invoke("f")
        assert caught.value.message.startswith("the credential provider Plain has no usable keys: " + words)
        assert caught.value.executed is Verdict.NO
        assert peer.accepts == 0


@pytest.mark.parametrize("keys", [None, (), ("AKID", "key"), ("AKID", "key", "token", "more"), 5])
def test_an_object_that_gives_no_three_keys_is_a_credential_error(keys: "Any") -> None:
    source = Plain("AKID", "key")
    source.get_credential_info = lambda: keys  # type: ignore[attr-defined]
    with pytest.raises(CredentialError, match="the credential provider Plain failed: "):
        FromObject(source).get(False)


def test_a_provider_that_fails_is_a_credential_error() -> None:
    class Broken:
        @property
        def secret_id(self) -> str:
            raise OSError("the vault is sealed")

    class Half:
        secret_id = "AKID"
        secret_key = ""

    with Peer() as peer:
        for source, words in ((Broken(), "Broken failed: the vault is sealed"), (Half(), "secret_id is given without")):
            with Client(endpoint=peer.url, credentials=source) as client, pytest.raises(CredentialError) as caught:
                client.invoke("f")
            assert words in caught.value.message
            assert caught.value.executed is Verdict.NO
            assert caught.value.code == "InvalidCredential"
        assert peer.accepts == 0


@pytest.mark.parametrize("source", ["AKID", 5, {"secret_id": "a"}, object()])
def test_an_object_without_keys_is_a_type_error_when_the_client_is_made(source: "Any") -> None:
    with pytest.raises(TypeError, match="credentials= needs an object with secret_id and secret_key"):
        Client(credentials=source)


def test_a_profile_of_a_temporary_home_is_read(tmp_path: "os.PathLike[str]", absent_metadata: str) -> None:
    write_profile(str(tmp_path), "[default]\nsecret_id = AKIDprofile\nsecret_key = profile-key\n")
    assert Chain(absent_metadata).get(False) == Credentials("AKIDprofile", "profile-key", "")


@pytest.mark.parametrize("text", ["", "[other]\nsecret_id = a\nsecret_key = b\n"])
def test_a_profile_without_a_default_says_so(text: str, tmp_path: "os.PathLike[str]", absent_metadata: str) -> None:
    write_profile(str(tmp_path), text)
    with pytest.raises(CredentialError, match=r"~/\.tencentcloud/credentials.*no section \[default\]"):
        Chain(absent_metadata).get(False)


@pytest.mark.parametrize("text", ["no ini file at all", "[default]\nsecret_id = only\n"])
def test_a_profile_that_cannot_be_used_is_passed_over(
    text: str, tmp_path: "os.PathLike[str]", absent_metadata: str
) -> None:
    write_profile(str(tmp_path), text)
    with pytest.raises(CredentialError, match=r"~/\.tencentcloud/credentials"):
        Chain(absent_metadata).get(False)


def test_the_role_of_a_cvm_is_used_and_asked_for_once() -> None:
    with Peer(answer=role_answers) as metadata:
        chain = Chain(metadata.url + "/")
        for _ in range(3):
            assert chain.get(False) == Credentials("AKIDrole", "role-key", "role-token")
        assert [request.target for request in metadata.requests] == [
            "/cam/security-credentials/",
            "/cam/security-credentials/the-role",
        ]


def test_without_keys_anywhere_every_place_is_listed_and_nothing_is_sent(
    absent_metadata: str,
) -> None:
    with Peer() as peer, Client(endpoint=peer.url) as client:
        client._provider = Chain(absent_metadata)
        with pytest.raises(CredentialError) as caught:
            client.invoke("f")
        assert peer.accepts == 0
    error = caught.value
    assert (error.code, error.executed) == ("InvalidCredential", Verdict.NO)
    for place in (
        "secret_id= and secret_key=",
        "TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY",
        "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY",
        "~/.tencentcloud/credentials",
        "TKE_REGION",
        "CVM role",
    ):
        assert place in error.message


def test_keys_that_appear_later_are_found(absent_metadata: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain(absent_metadata)
    with pytest.raises(CredentialError):
        chain.get(False)
    set_function_keys(monkeypatch, 4)
    assert chain.get(False).secret_id == "AKIDinside4"


def test_a_tke_role_that_fails_is_named(absent_metadata: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in config.TKE_KEYS:
        monkeypatch.setenv(name, "/no/such/file")
    with pytest.raises(CredentialError, match=r"the TKE role \(TKE_REGION and others\): .*No such file"):
        Chain(absent_metadata).get(False)


def test_threads_search_once() -> None:
    with Peer(answer=role_answers) as metadata:
        chain = Chain(metadata.url + "/")
        found: "list[Credentials]" = []
        threads = [threading.Thread(target=lambda: found.append(chain.get(False))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(found) == 8
        assert len(set(found)) == 1
        assert len(metadata.requests) == 2


PROFILE = "[default]\nsecret_id = AKID{}\nsecret_key = key\n"


@pytest.fixture
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check for a change of the profile file at every signature."""
    monkeypatch.setattr(credentials, "CHECK_SECONDS", 0.0)


def test_a_profile_that_changes_is_read_again(
    tmp_path: "os.PathLike[str]", absent_metadata: str, looks_each_time: None
) -> None:
    chain = Chain(absent_metadata)
    for name in ("first", "second", "third-one"):
        write_profile(str(tmp_path), PROFILE.format(name))
        assert chain.get(False).secret_id == "AKID" + name
        assert chain.peek() == chain.get(False)
        assert chain.peek() is chain.get(False), "unchanged keys are the same object"


def test_whether_a_profile_has_changed_is_looked_at_several_times_a_second(
    tmp_path: "os.PathLike[str]", absent_metadata: str
) -> None:
    assert credentials.CHECK_SECONDS <= 0.2
    write_profile(str(tmp_path), PROFILE.format("old"))
    chain = Chain(absent_metadata)
    assert [chain.get(False).secret_id for _ in range(3)] == ["AKIDold"] * 3
    write_profile(str(tmp_path), PROFILE.format("newer"))
    time.sleep(credentials.CHECK_SECONDS + 0.05)
    assert chain.get(False).secret_id == "AKIDnewer"


def test_a_profile_whose_token_was_refused_is_read_again_at_once(tmp_path: "os.PathLike[str]") -> None:
    def answer(request: PeerRequest) -> bytes:
        return ok() if key_of(request) == "AKIDnew" else api_error("AuthFailure.TokenFailure")

    write_profile(str(tmp_path), PROFILE.format("old"))
    with Peer(answer=answer) as peer, Client(endpoint=peer.url, max_attempts=1) as client:
        assert client._get_provider().get(False).secret_id == "AKIDold"
        write_profile(str(tmp_path), PROFILE.format("new"))
        assert client.invoke("f") == '"ok"'


@pytest.mark.parametrize("text", ["", "[default]\n", "[default]\nsecret_id = AKIDhalf\n", "[default"])
def test_a_profile_that_is_being_written_counts_when_it_is_whole(
    text: str, tmp_path: "os.PathLike[str]", absent_metadata: str, looks_each_time: None
) -> None:
    write_profile(str(tmp_path), PROFILE.format("old"))
    chain = Chain(absent_metadata)
    assert chain.get(False).secret_id == "AKIDold"
    write_profile(str(tmp_path), text)
    assert [chain.get(False).secret_id for _ in range(2)] == ["AKIDold"] * 2
    write_profile(str(tmp_path), PROFILE.format("newer"))
    assert chain.get(False).secret_id == "AKIDnewer"


def test_a_profile_that_comes_or_goes_changes_where_keys_are_from(
    tmp_path: "os.PathLike[str]", looks_each_time: None
) -> None:
    with Peer(answer=role_answers) as metadata:
        chain = Chain(metadata.url + "/")
        assert chain.get(False).secret_id == "AKIDrole"
        write_profile(str(tmp_path), "[other]\n")
        assert chain.get(False).secret_id == "AKIDrole"
        assert len(metadata.requests) == 2, "a role that was found gets its keys anew by itself"
        write_profile(str(tmp_path), PROFILE.format("profile"))
        assert chain.get(False).secret_id == "AKIDprofile"
        assert chain.source() == "the profile file ~/.tencentcloud/credentials"
        os.remove(os.path.join(str(tmp_path), ".tencentcloud", "credentials"))
        assert chain.get(False).secret_id == "AKIDrole"
        assert chain.source() == "the CVM role (instance metadata)"


def test_keys_that_were_found_are_in_memory(tmp_path: "os.PathLike[str]") -> None:
    with Peer(answer=role_answers) as metadata:
        chain = Chain(metadata.url + "/")
        assert chain.peek() is None
        chain.get(False)
        assert chain.get(False) == chain.peek() == Credentials("AKIDrole", "role-key", "role-token")
        write_profile(str(tmp_path), PROFILE.format("profile"))
        chain = Chain(metadata.url + "/")
        assert chain.peek() is None, "the first time, the file is read by who may block"
        chain.get(False)
        assert chain.peek() == Credentials("AKIDprofile", "key", "")


class Stop(BaseException):
    """As KeyboardInterrupt."""


@pytest.fixture
def alarm() -> "Iterator[Callable[..., None]]":
    """``alarm(seconds, act)`` has a signal handler act in the middle of what runs then."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("this system has no alarms")
    acts: "list[Callable[[], Any]]" = []
    with on_alarm(lambda *_: acts[-1]()) as ring_after:

        def set_alarm(seconds: float, act: "Callable[[], Any]") -> None:
            acts.append(act)
            ring_after(seconds)

        yield set_alarm


def throw(error: BaseException) -> None:
    raise error


class Slow:
    """Takes its time for the first keys; what it gives is numbered."""

    def __init__(self, seconds: float = 0.3) -> None:
        self.seconds = seconds
        self.reads = 0

    @property
    def secret_id(self) -> str:
        self.reads += 1
        number = self.reads
        time.sleep(self.seconds)
        return "AKIDslow{}".format(number)

    secret_key, token = "key", ""


@pytest.mark.parametrize(
    "error", [TimeoutError("my own"), ValueError("my own"), LookupError("my own"), AttributeError("my own"), Stop()]
)
def test_an_error_of_a_signal_handler_while_keys_are_read_comes_through(
    error: BaseException, alarm: "Callable[..., None]"
) -> None:
    with Peer() as peer, Client(endpoint=peer.url, credentials=Slow()) as client:
        alarm(0.05, lambda: throw(error))
        with pytest.raises(type(error)) as caught:
            client.invoke("f")
        assert caught.value is error
        assert peer.accepts == 0
        assert client.invoke("f") == '"ok"'
        assert key_of(peer.requests[0]) == "AKIDslow2"


@pytest.mark.parametrize("error", [TimeoutError("my own"), AttributeError("my own"), ImportError("my own"), Stop()])
def test_an_error_of_a_signal_handler_while_keys_are_searched_for_comes_through(
    error: BaseException, alarm: "Callable[..., None]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The TKE role's token comes through a pipe, which nobody writes to yet."""
    pipe = os.path.join(os.environ["HOME"], "token")
    os.mkfifo(pipe)
    for name in config.TKE_KEYS:
        monkeypatch.setenv(name, pipe)
    chain = Chain(NOWHERE.format(unused_port()))
    alarm(0.5, lambda: throw(error))
    with pytest.raises(type(error)) as caught:
        chain.get(False)
    assert caught.value is error
    set_function_keys(monkeypatch, 1)
    assert chain.get(False).secret_id == "AKIDinside1"


@pytest.mark.campaign
def test_interruptions_while_keys_are_read_leave_the_next_call_its_keys(alarm: "Callable[..., None]") -> None:
    class Quick:
        secret_key, token = "key", ""
        secret_id = property(lambda self: "AKIDquick")

    provider = FromObject(Quick())
    rng = random.Random(7)
    interruptions = 0
    while interruptions < examples(4000, share=8):
        try:
            alarm(rng.uniform(1e-5, 3e-4), lambda: throw(Stop()))
            while True:  # with a condition, Python 3.13.0 misses the except where the alarm rings at the jump back
                assert provider.get(False).secret_id == "AKIDquick"
        except Stop:
            interruptions += 1
    found: "list[Credentials]" = []
    thread = threading.Thread(target=lambda: found.append(provider.get(False)), daemon=True)
    thread.start()
    thread.join(10)
    assert [keys.secret_id for keys in found] == ["AKIDquick"]


class Locked(Slow):
    """Reads under a lock of its own, as the official classes do: asked again by its own thread, it waits for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def get_credential_info(self) -> "tuple[str, str, str]":
        with self.lock:
            return self.secret_id, "key", ""


def test_a_signal_handler_that_calls_while_the_first_keys_are_read_is_told(alarm: "Callable[..., None]") -> None:
    told: "list[Exception]" = []

    def call(client: Client) -> None:
        try:
            client.invoke("heartbeat")
        except CredentialError as error:
            told.append(error)

    with Peer() as peer, Client(endpoint=peer.url, credentials=Locked(), timeout=20) as client:
        alarm(0.05, lambda: call(client))
        assert client.invoke("f") == '"ok"'
        assert [request.fields["FunctionName"] for request in peer.requests] == ["f"]
    assert [error.message for error in told] == [
        "the credential provider Locked was asked for keys while it gave some, by a signal handler or by itself"
    ]
    assert told[0].executed is Verdict.NO


def test_a_signal_handler_that_calls_while_keys_are_read_uses_those_before(alarm: "Callable[..., None]") -> None:
    with Peer() as peer, Client(endpoint=peer.url, credentials=Locked(), timeout=20) as client:
        client.invoke("first")
        alarm(0.05, lambda: client.invoke("heartbeat"))
        client.invoke("second")
        found = [(request.fields["FunctionName"], key_of(request)) for request in peer.requests]
    assert found == [("first", "AKIDslow1"), ("heartbeat", "AKIDslow1"), ("second", "AKIDslow2")]


def test_a_signal_handler_that_calls_while_keys_are_searched_for_is_told(
    alarm: "Callable[..., None]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cvm_role, "TIMEOUT_SECONDS", WAIT_SECONDS)
    told: "list[Exception]" = []
    go_on = threading.Event()

    def script(channel: "Any") -> None:
        request = channel.read_request()
        while request is not None:
            if not go_on.is_set():
                signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
            go_on.wait(WAIT_SECONDS)
            channel.send(role_answers(request))
            request = channel.read_request()

    def call(client: Client) -> None:
        try:
            client.invoke("heartbeat")
        except CredentialError as error:
            told.append(error)
        go_on.set()

    with Peer(script) as metadata, Peer() as peer, Client(endpoint=peer.url, timeout=20) as client:
        client._provider = Chain(metadata.url + "/")
        client._provider._find_ambient()  # type: ignore[attr-defined]
        alarm(3600, lambda: call(client))
        assert client.invoke("f") == '"ok"'
        assert [request.fields["FunctionName"] for request in peer.requests] == ["f"]
    assert [error.message for error in told] == [
        "a signal handler made a call while the keys are searched for that it needs"
    ]


def test_a_provider_that_calls_by_its_own_client_is_told() -> None:
    class Circular:
        secret_key, token = "key", ""
        client: Client

        @property
        def secret_id(self) -> str:
            return str(self.client.invoke("give-me-keys"))

    source = Circular()
    with Peer() as peer, Client(endpoint=peer.url, credentials=source) as client:
        source.client = client
        with pytest.raises(CredentialError, match=r"Circular failed: .*Circular was asked for keys while it gave some"):
            client.invoke("f")
        assert peer.accepts == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_provider_that_forks_gives_both_processes_their_keys() -> None:
    class Forking:
        secret_key, token = "key", ""
        pid = -1

        @property
        def secret_id(self) -> str:
            if self.pid < 0:
                self.pid = os.fork()
            return "AKIDforking"

    source = Forking()
    provider = FromObject(source)
    first = provider.get(False)
    if source.pid == 0:
        code = 1
        try:
            code = 0 if first.secret_id == provider.get(False).secret_id == "AKIDforking" else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(source.pid, 0)
    assert status == 0
    assert provider.get(False) == first


def test_peeking_never_blocks() -> None:
    source = Counted()
    assert FromObject(source).peek() is None
    assert source.reads == 0
    assert FromObject(Plain("AKID", "key")).peek() == Credentials("AKID", "key")
    assert Explicit("AKID", "key", None).peek() == Credentials("AKID", "key")
    assert Chain(NOWHERE.format(1)).peek() is None


def test_the_object_of_a_profile_is_read_once_and_that_of_a_caller_each_time() -> None:
    for is_ours, expected in ((True, "AKIDfirst"), (False, "AKIDsecond")):
        source = SimpleNamespace(secret_id="AKIDfirst", secret_key="key", token="")
        provider = FromObject(source, is_ours=is_ours)
        assert provider.get(False).secret_id == "AKIDfirst"
        source.secret_id = "AKIDsecond"
        assert provider.get(False).secret_id == expected


def test_keys_that_are_set_on_a_client_count_from_the_next_call() -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        client.invoke("f")
        client.secret_id = "AKIDnew"
        client.secret_key = "new-key"
        client.token = "new-token"
        client.invoke("f")
        assert (client.secret_id, client.secret_key, client.token) == ("AKIDnew", "new-key", "new-token")
        client.secret_key = None
        with pytest.raises(ValueError, match="secret_id is given without secret_key"):
            client.invoke("f")
    assert [key_of(request) for request in peer.requests] == ["AKIDpeer", "AKIDnew"]
    assert peer.requests[1].headers["x-tc-token"] == "new-token"
