"""Sessions: which are believed, for how long, and what their cookies say."""

import dataclasses
from pathlib import Path

import pytest

from tencentserverless.local.dashboard.sign_in import SESSION_SECONDS, SignIn
from tencentserverless.local.dashboard.sources import Facts, Refusal
from tencentserverless.local.http.messages import Request
from tencentserverless.local.settings import Settings

NOW = 1_800_000_000.0
FACTS = Facts("id", b"secret", "http://127.0.0.1:8583", 8583, is_tls=False, started_at=NOW, notices=())
TLS = FACTS._replace(is_tls=True, endpoint_url="https://127.0.0.1:8583")


def sign_in(facts=FACTS, **settings):
    return SignIn(facts, dataclasses.replace(Settings(Path()), **settings))


def request(**headers):
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request("GET", b"/_local/", named)


def session_of(door, now=NOW):
    return door.new_cookie(now).partition("=")[2].partition(";")[0]


def test_a_session_counts_for_a_week():
    door = sign_in()
    cookie = f"other=1; {door.cookie_name}={session_of(door)}; more=2"
    for seconds in (0, SESSION_SECONDS - 1):
        assert door.check_session(request(cookie=cookie), NOW + seconds) == session_of_text(cookie, door)
    for seconds in (SESSION_SECONDS, -SESSION_SECONDS - 1):
        with pytest.raises(Refusal, match="scf local open"):
            door.check_session(request(cookie=cookie), NOW + seconds)


def session_of_text(cookie, door):
    return cookie.partition(f"{door.cookie_name}=")[2].partition(";")[0]


@pytest.mark.parametrize("facts", [FACTS._replace(secret=b"other"), FACTS._replace(port=8584)])
def test_a_session_of_another_key_or_port_does_not_count(facts):
    session = session_of(sign_in(facts))
    door = sign_in()
    with pytest.raises(Refusal):
        door.check_session(request(cookie=f"{door.cookie_name}={session}"), NOW)


@pytest.mark.parametrize(
    "spoil", [lambda text: "", lambda text: text[:-1], lambda text: f"9{text}", lambda text: "é.é.é"]
)
def test_a_session_that_was_changed_does_not_count(spoil):
    door = sign_in()
    with pytest.raises(Refusal):
        door.check_session(request(cookie=f"{door.cookie_name}={spoil(session_of(door))}"), NOW)


def test_a_token_belongs_to_its_session():
    door = sign_in()
    first, second = session_of(door), session_of(door)
    assert door.csrf_token(first) == door.csrf_token(first)
    assert door.csrf_token(first) not in (door.csrf_token(second), first)


def test_with_tls_the_cookie_is_secure_and_the_origin_https():
    door = sign_in(TLS)
    assert door.new_cookie(NOW).startswith("__Secure-scf_dashboard_8583=")
    assert door.new_cookie(NOW).endswith("; Path=/_local; HttpOnly; SameSite=Strict; Secure")
    assert door.origin(request(host="localhost:8583")) == "https://localhost:8583"


@pytest.mark.parametrize(
    ("host", "facts", "named", "is_let_in"),
    [
        ("127.0.0.1", FACTS, "localhost:8583", True),
        ("127.0.0.1", FACTS, "[::1]:8583", True),
        ("127.0.0.1", FACTS, "127.0.0.1", True),
        ("127.0.0.1", FACTS, "192.168.0.7:8583", False),
        ("127.0.0.1", FACTS, "evil.example", False),
        ("127.0.0.1", FACTS, "", False),
        ("0.0.0.0", FACTS, "127.0.0.1:8583", False),
        ("0.0.0.0", TLS, "192.168.0.7:8583", True),
        ("0.0.0.0", TLS, "[fe80::1]:8583", True),
        ("0.0.0.0", TLS, "evil.example:8583", False),
        ("box.lan", TLS, "box.lan:8583", True),
    ],
)
def test_names_that_others_could_lead_here_are_not_let_in(host, facts, named, is_let_in):
    door = sign_in(facts, host=host, tls=facts.is_tls)
    if is_let_in:
        door.check_place(request(host=named))
    else:
        with pytest.raises(Refusal):
            door.check_place(request(host=named))


def test_no_secret_is_in_its_repr():
    assert "secret" not in repr(sign_in())
