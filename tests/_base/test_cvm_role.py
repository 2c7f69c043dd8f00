"""The keys of a CVM's role, from a real HTTP server on loopback."""

import json
import socket
import threading
import time

import pytest

from tencentserverless._base import cvm_role
from tencentserverless.credentials import Chain
from tencentserverless.exception import CredentialError
from tencentserverless.models import Credentials
from tests.alarms import needs_alarm, on_alarm
from tests.peer import Peer, PeerRequest, http_answer, unused_port
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Service:
    """A metadata service whose keys are numbered and hold for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.given = 0
        self.fails = False
        self.is_stuck = False  # does it give the same keys each time?
        self.role = "the-role"

    def answer(self, request: PeerRequest) -> bytes:
        if request.target.endswith("/"):
            return http_answer(self.role)
        if not request.target.endswith("/" + self.role):
            return http_answer("no", "404 Not Found")
        if self.fails:
            return http_answer(json.dumps({"Code": "Failed"}))
        self.given += 1
        if self.is_stuck:
            self.given = 1
        keys = {"TmpSecretId": "AKID{}".format(self.given), "TmpSecretKey": "key", "Token": "token"}
        return http_answer(json.dumps(dict(keys, Code="Success", ExpiredTime=int(time.time() + self.seconds))))


def test_keys_are_kept_while_they_hold() -> None:
    service = Service(3600)
    with Peer(answer=service.answer) as peer:
        role = cvm_role.CvmRole(peer.url + "/", cvm_role.find_role(peer.url + "/"))
        assert [role.secret_id, role.secret_key, role.token] == ["AKID1", "key", "token"]
        assert role.get_credential_info() == ("AKID1", "key", "token")


def test_keys_are_got_anew_ahead_of_their_end() -> None:
    service = Service(cvm_role.EARLY_SECONDS - 1)
    with Peer(answer=service.answer) as peer:
        chain = Chain(peer.url + "/")
        assert [chain.get(False).secret_id for _ in range(3)] == ["AKID1", "AKID2", "AKID3"]


def test_keys_that_still_hold_are_used_while_the_service_fails() -> None:
    """It is not asked at every call, each of which would wait for it."""
    service = Service(cvm_role.EARLY_SECONDS - 100)
    with Peer(answer=service.answer) as peer:
        chain = Chain(peer.url + "/")
        first = chain.get(False)
        service.fails = True
        before = len(peer.requests)
        for _ in range(5):
            assert chain.get(False) == first == Credentials("AKID1", "key", "token")
        assert len(peer.requests) == before + 1
        service.fails = False
        role = chain._found.provider._source  # type: ignore[union-attr]
        role._held = role._held[:2] + (0.0,)  # the pause is over
        assert chain.get(False).secret_id == "AKID2", "a failure is not remembered for good"


def test_a_service_that_has_no_newer_keys_yet_is_not_asked_at_every_call() -> None:
    service = Service(cvm_role.EARLY_SECONDS - 100)
    service.is_stuck = True
    with Peer(answer=service.answer) as peer:
        chain = Chain(peer.url + "/")
        for _ in range(5):
            assert chain.get(False).secret_id == "AKID1"
        assert len(peer.requests) == 3, "the role, its keys, and once more its keys"


def test_another_role_that_is_bound_to_the_machine_is_found() -> None:
    service = Service(-1)
    with Peer(answer=service.answer) as peer:
        chain = Chain(peer.url + "/")
        assert chain.get(False).secret_id == "AKID1"
        service.role = "another-role"
        assert chain.get(False).secret_id == "AKID2"


def test_keys_that_have_run_out_are_never_used() -> None:
    service = Service(-1)
    with Peer(answer=service.answer) as peer:
        chain = Chain(peer.url + "/")
        chain.get(False)
        service.fails = True
        with pytest.raises(CredentialError, match="Failed"):
            chain.get(False)


def test_keys_are_got_anew_when_they_were_refused() -> None:
    service = Service(3600)
    with Peer(answer=service.answer) as peer:
        chain = Chain(peer.url + "/")
        assert [chain.get(False).secret_id, chain.get(True).secret_id, chain.get(False).secret_id] == [
            "AKID1",
            "AKID2",
            "AKID2",
        ]


NOT_FOUND = http_answer("no", "404 Not Found")
#: What a service that has a role may say while its machine boots, and words of the error that tells of it.
BROKEN = {
    "an error": (http_answer("busy", "500 Internal Server Error"), "answered with HTTP status 500"),
    "forbidden": (http_answer("no", "403 Forbidden"), "answered with HTTP status 403"),
    "no role's name": (http_answer("<html>wait</html>"), "names no role"),
    "nothing": (http_answer(""), "names no role"),
    "no UTF-8": (http_answer(b"\xff"), "cannot be read"),
    "no HTTP": (b"hello\r\n\r\n", "cannot be"),
    "half an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nrole", "answer is cut"),
}


@pytest.mark.parametrize("way", sorted(BROKEN))
def test_a_broken_answer_is_told_and_not_remembered(way: str) -> None:
    broken, words = BROKEN[way]
    service = Service(3600)
    answers = [broken]

    def script(channel: "Any") -> None:
        request = channel.read_request()
        if request is not None:
            channel.send(answers.pop() if answers else service.answer(request))

    with Peer(script) as peer:
        chain = Chain(peer.url + "/")
        with pytest.raises(
            CredentialError, match=r"the CVM role \(instance metadata\): the metadata service.*" + words
        ):
            chain.get(False)
        assert chain.get(False).secret_id == "AKID1"


def test_a_slow_answer_is_told_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines boot while their metadata service is slow."""
    monkeypatch.setattr(cvm_role, "TIMEOUT_SECONDS", 0.2)
    service = Service(3600)
    go_on = threading.Event()

    def script(channel: "Any") -> None:
        request = channel.read_request()
        if channel.number == 1:
            go_on.wait(10)
        if request is not None:
            channel.send(service.answer(request))

    with Peer(script) as peer:
        chain = Chain(peer.url + "/")
        with pytest.raises(CredentialError) as caught:
            chain.get(False)
        assert caught.value.message.endswith("(instance metadata): the metadata service did not answer within 0.2 s")
        go_on.set()
        monkeypatch.setattr(cvm_role, "TIMEOUT_SECONDS", 5.0)
        assert chain.get(False).secret_id == "AKID1"


def test_a_service_that_refuses_connections_is_asked_again() -> None:
    chain = Chain("http://127.0.0.1:{}/".format(unused_port()))
    for _ in range(2):
        with pytest.raises(CredentialError, match=r"the metadata service cannot be asked: .*refused"):
            chain.get(False)


def test_a_machine_without_a_role_is_asked_again_after_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(3600)
    has_role = False
    with Peer(answer=lambda request: service.answer(request) if has_role else NOT_FOUND) as peer:
        chain = Chain(peer.url + "/")
        for _ in range(3):
            with pytest.raises(CredentialError) as caught:
                chain.get(False)
            assert caught.value.message.endswith("; the CVM role (instance metadata)")
        assert len(peer.requests) == 1
        assert 60 <= cvm_role.ABSENCE_SECONDS <= 600
        monkeypatch.setattr(cvm_role, "ABSENCE_SECONDS", 0.0)
        chain._asks_for_role_at = 0.0
        with pytest.raises(CredentialError):
            chain.get(False)
        has_role = True
        assert chain.get(False).secret_id == "AKID1"


@pytest.mark.parametrize(("code", "is_remembered"), [("EAI_NONAME", True), ("EAI_AGAIN", False), ("EAI_FAIL", False)])
def test_only_a_host_that_does_not_exist_is_remembered(code: str, is_remembered: bool) -> None:
    """Said by the look-up itself, which no test can make say everything."""
    error = cvm_role.URLError(socket.gaierror(getattr(socket, code), "what the resolver says"))
    assert isinstance(cvm_role._explain(error), cvm_role.NoRole) is is_remembered


@needs_alarm
def test_an_error_of_a_signal_handler_is_no_answer_of_the_service() -> None:
    """It comes through, whatever it is, and nothing is remembered."""
    service = Service(3600)
    go_on = threading.Event()

    def script(channel: "Any") -> None:
        request = channel.read_request()
        if channel.number == 1:
            go_on.wait(10)
        if request is not None:
            channel.send(service.answer(request))

    def ring(*_: object) -> None:
        raise TimeoutError("my own time limit")

    with Peer(script) as peer:
        chain = Chain(peer.url + "/")
        with on_alarm(ring) as ring_after:
            ring_after(0.1)
            with pytest.raises(TimeoutError, match="my own time limit"):
                chain.get(False)
        go_on.set()
        assert chain.get(False).secret_id == "AKID1"


def test_a_service_that_hangs_after_the_role_is_not_waited_for_longer_than_its_limit() -> None:
    def hang(channel: "Any") -> None:
        channel.wait_for_end()

    with Peer(hang) as peer:
        role = cvm_role.CvmRole(peer.url + "/", "the-role")
        with pytest.raises(OSError, match=r"did not answer within 1 s|cannot be asked"):
            role.get_credential_info()


@pytest.mark.parametrize("answer", ["", "{", "[]", '{"Code": "Success"}', '{"Code": "Failed"}'])
def test_an_answer_without_keys_is_an_error_that_shows_none(answer: str) -> None:
    def give(request: PeerRequest) -> bytes:
        return http_answer("the-role" if request.target.endswith("/") else answer)

    with Peer(answer=give) as peer:
        chain = Chain(peer.url + "/")
        with pytest.raises(CredentialError):
            chain.get(False)


def test_the_machines_role_is_never_asked_for_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is the machine's own; a proxy would answer for its own machine."""
    service = Service(3600)
    with Peer(answer=service.answer) as peer:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:{}".format(unused_port()))
        assert Chain(peer.url + "/").get(False).secret_id == "AKID1"
