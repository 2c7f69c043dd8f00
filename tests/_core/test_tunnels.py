"""The talk with a proxy, without a proxy. tests/parity/test_proxies.py has real ones, and python-socks as a judge."""

import base64

import pytest

from tencentserverless._core.tunnels import TunnelFault, build_connect_request, connect_flow, socks5_flow
from tests.profiles import examples

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
NAME = b"\x05\x01\x00\x03\x0bscf.example\x01\xbb"
GRANTED = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x1f\x90"


def talk(flow: "Any", *answers: bytes, size: int = 1 << 20) -> "list[bytes]":
    """What the flow says, while these answers come in pieces of a size; each comes once all before was asked for."""
    said = [next(flow)]
    try:
        for answer in answers:
            for at in range(0, max(1, len(answer)), size):
                said.append(flow.send(answer[at : at + size]))  # noqa: PERF401  # the flow ends in the middle
    except StopIteration:
        said.append(b"open")
    return [each for each in said if each]


def refuse(flow: "Any", *answers: bytes) -> TunnelFault:
    with pytest.raises(TunnelFault) as caught:
        talk(flow, *answers)
    return caught.value


def connect() -> "Any":
    return connect_flow("scf.example:443", "")


def socks(credentials: str = "", address: "bytes | None" = None) -> "Any":
    return socks5_flow("scf.example", 443, address, credentials)


def test_connect_names_the_goal_and_the_proxys_user() -> None:
    head, end = build_connect_request("scf.example:443", "user:p\u00e4ss:word").split(
        b"\r\nProxy-Authorization: Basic "
    )
    assert head == b"CONNECT scf.example:443 HTTP/1.1\r\nHost: scf.example:443"
    encoded, rest = end.split(b"\r\n", 1)
    assert base64.b64decode(encoded).decode("utf-8") == "user:p\u00e4ss:word"
    assert rest == b"\r\n"
    assert b"Proxy-Authorization" not in build_connect_request("h:443", "")


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "answer",
    [
        OPEN,
        b"HTTP/1.0 200 Connection established\r\nProxy-agent: nginx\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OPEN,
    ],
)
def test_any_2xx_is_a_tunnel(answer: bytes, size: int) -> None:
    assert talk(connect(), answer, size=size) == [build_connect_request("scf.example:443", ""), b"open"]


@pytest.mark.parametrize(
    ("answer", "words", "is_transient"),
    [
        (b"HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nyou", "HTTP status 407 you", False),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP status 503", True),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "HTTP status 302", False),
    ],
)
def test_a_refusal_of_connect_has_its_status_and_words(answer: bytes, words: str, is_transient: bool) -> None:
    fault = refuse(connect(), answer)
    assert (str(fault), fault.is_refusal, fault.is_transient) == (words, True, is_transient)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((b"",), "closed the connection with no answer"),
        ((b"HTTP/1.1 2", b""), "cut short"),
        ((b"SSH-2.0\r\n\r\n",), "no HTTP that can be trusted"),
        ((OPEN + b"surplus",), "bytes behind its answer"),
    ],
)
def test_what_is_no_answer_to_connect_is_a_fault(answers: "tuple[bytes, ...]", words: str) -> None:
    fault = refuse(connect(), *answers)
    assert words in str(fault)
    assert not fault.is_refusal


@pytest.mark.parametrize("size", [1, 1000])
def test_socks5_lets_the_proxy_look_the_name_up(size: int) -> None:
    assert talk(socks(), b"\x05\x00", GRANTED, size=size) == [b"\x05\x01\x00", NAME, b"open"]


def test_socks5_names_an_address_where_it_is_known() -> None:
    for address, kind in ((bytes(4), b"\x01"), (bytes(16), b"\x04")):
        said = talk(socks(address=address), b"\x05\x00", GRANTED)
        assert said[1] == b"\x05\x01\x00" + kind + address + b"\x01\xbb"


def test_socks5_logs_in_where_the_proxy_wants_it() -> None:
    said = talk(socks("us\u00e4r:pass:word"), b"\x05\x02", b"\x01\x00", GRANTED)
    assert said == [b"\x05\x02\x00\x02", b"\x01\x05us\xc3\xa4r\x09pass:word", NAME, b"open"]
    assert talk(socks("user:word"), b"\x05\x00", GRANTED) == [b"\x05\x02\x00\x02", NAME, b"open"]


@pytest.mark.parametrize(
    "bound",
    [b"\x01" + bytes(4), b"\x03\x05bound", b"\x03\x00", b"\x04" + bytes(16)],
    ids=["IPv4", "a name", "an empty name", "IPv6"],
)
def test_the_address_that_socks5_answers_is_skipped(bound: bytes) -> None:
    assert talk(socks(), b"\x05\x00", b"\x05\x00\x00" + bound + b"\x00\x00")[-1] == b"open"


@pytest.mark.parametrize(
    ("answers", "words", "is_refusal", "is_transient"),
    [
        ((b"\x05\xff",), "no way to authenticate that was offered: give user:password@", True, False),
        ((b"\x05\x02",), "no way to authenticate", True, False),
        ((b"\x05\x00", b"\x05\x02\x00\x01"), "its rules do not allow the connection (SOCKS5 reply 2)", True, False),
        ((b"\x05\x00", b"\x05\x05\x00\x01"), "connection refused (SOCKS5 reply 5)", True, True),
        ((b"\x05\x00", b"\x05\x63\x00\x01"), "unknown reply (SOCKS5 reply 99)", True, False),
        ((b"\x04\x00",), "no SOCKS5", False, False),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "no SOCKS5", False, False),
        ((b"\x05\x00", b"\x04\x00\x00\x01"), "no SOCKS5", False, False),
        ((b"\x05\x00", b"\x05\x00\x00\x09" + bytes(20)), "an address of an unknown kind", False, False),
        ((b"\x05\x00", GRANTED + b"x"), "bytes behind its answer", False, True),
        ((b"\x05\x00x",), "bytes behind its answer", False, True),
        ((b"",), "closed the connection", False, True),
        ((b"\x05\x00", b"\x05\x00", b""), "closed the connection", False, True),
    ],
)
def test_a_socks5_proxy_that_makes_no_tunnel_says_why(
    answers: "tuple[bytes, ...]", words: str, is_refusal: bool, is_transient: bool
) -> None:
    fault = refuse(socks(), *answers)
    assert words in str(fault)
    assert (fault.is_refusal, fault.is_transient) == (is_refusal, is_transient)


def test_a_wrong_password_is_said() -> None:
    fault = refuse(socks("user:wrong"), b"\x05\x02", b"\x01\x01")
    assert "did not accept the user and password" in str(fault)
    assert "wrong" not in str(fault)


@pytest.mark.campaign
@hypothesis.given(pieces=st.lists(st.binary(max_size=30), max_size=20), is_socks=st.booleans())
@hypothesis.settings(max_examples=examples(200))
def test_whatever_a_proxy_sends_ends_in_a_tunnel_or_a_fault(pieces: "list[bytes]", is_socks: bool) -> None:
    flow = socks("u:p") if is_socks else connect()
    try:
        talk(flow, *pieces, b"")
    except TunnelFault:
        pass
