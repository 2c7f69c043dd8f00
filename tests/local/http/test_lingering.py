"""How long the bytes of a client are thrown away whose last answer is on its way."""

from tencentserverless.local.http import lingering
from tencentserverless.local.http.lingering import LINGER_SECONDS, Linger


def test_the_end_of_a_client_that_has_ours_is_waited_for():
    linger = Linger(100.0, sends_end=True)
    assert linger.deadline == 100.0 + LINGER_SECONDS
    assert linger.take(1000, 120.0)
    assert linger.deadline == 100.0 + LINGER_SECONDS


def test_over_tls_the_client_has_to_be_silent_for_a_moment():
    linger = Linger(100.0, sends_end=False)
    assert linger.deadline == 100.0 + lingering._SILENCE_SECONDS
    assert linger.take(1000, 110.0)
    assert linger.deadline == 110.0 + lingering._SILENCE_SECONDS


def test_the_silence_of_a_client_that_sends_for_ever_is_not_waited_for():
    linger = Linger(100.0, sends_end=False)
    assert linger.take(1, 129.9)
    assert linger.deadline == 100.0 + LINGER_SECONDS


def test_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(lingering, "_LINGER_BYTES", 10)
    linger = Linger(0.0, sends_end=True)
    assert linger.take(9, 0.0)
    assert not linger.take(1, 0.0)
