"""The keys of a CVM's role, from a real HTTP server on loopback."""

import json
import time

import pytest

from tencentserverless._base import cvm_role
from tencentserverless.credentials import Chain
from tencentserverless.exception import CredentialError
from tencentserverless.models import Credentials
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

    def answer(self, request: PeerRequest) -> bytes:
        if request.target.endswith("/"):
            return http_answer("the-role")
        if self.fails:
            return http_answer(json.dumps({"Code": "Failed"}))
        self.given += 1
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
    service = Service(cvm_role.EARLY_SECONDS - 100)
    with Peer(answer=service.answer) as peer:
        chain = Chain(peer.url + "/")
        first = chain.get(False)
        service.fails = True
        assert chain.get(False) == first == Credentials("AKID1", "key", "token")


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
