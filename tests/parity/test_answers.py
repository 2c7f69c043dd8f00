"""Answers that gateways and proxies change on the way: packed ones, and refusals that say when to come again."""

# ruff: noqa: SIM117  # 3.6 has no parentheses around several contexts

import gzip
import time

import pytest

from tencentserverless import exception
from tencentserverless.models import Verdict
from tests.parity.test_proxies import by_map, by_task, by_thread
from tests.peer import Peer, PeerRequest, api_error, http_answer, ok, result_body
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

on_each_face = pytest.mark.parametrize("call", [by_thread, by_map, by_task])


@on_each_face
def test_a_packed_answer_is_read_though_none_was_asked_for(call: "Any") -> None:
    body = gzip.compress(result_body('"done"').encode("utf-8"))
    answer = http_answer(body, "200 OK", "Content-Encoding: gzip")
    with Peer(answer=lambda request: answer) as peer:
        assert call(2, endpoint=peer.url) == ['"done"', '"done"']
    assert peer.requests[0].headers["accept-encoding"] == "identity"


@on_each_face
def test_a_pause_lasts_as_long_as_the_server_says(call: "Any") -> None:
    seen: "list[float]" = []

    def answer(request: PeerRequest) -> bytes:
        seen.append(time.monotonic())
        return api_error("RequestLimitExceeded", "busy", "Retry-After: 1") if len(seen) == 1 else ok()

    with Peer(answer=answer) as peer:
        assert call(endpoint=peer.url) == ['"ok"']
    assert seen[1] - seen[0] > 0.99


@on_each_face
def test_a_pause_beyond_the_timeout_is_not_begun(call: "Any") -> None:
    answer = api_error("RequestLimitExceeded", "busy", "Retry-After: 100")
    with Peer(answer=lambda request: answer) as peer:
        with pytest.raises(exception.RequestThrottled) as caught:
            call(endpoint=peer.url, timeout=50)
    assert caught.value.retry_after_seconds == 100.0
    assert len(caught.value.attempts) == 1


@on_each_face
def test_a_status_with_a_pause_is_no_proof_that_nothing_ran(call: "Any") -> None:
    answer = http_answer("busy", "503 Service Unavailable", "Retry-After: 0")
    with Peer(answer=lambda request: answer) as peer:
        with pytest.raises(exception.ServerError) as caught:
            call(endpoint=peer.url)
    assert caught.value.executed is Verdict.MAYBE
    assert len(peer.requests) == 1
