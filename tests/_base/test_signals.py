"""Errors of signal handlers are told from those of the code that they interrupt."""

import functools
import os
import signal
import sys
import time

import pytest

from tencentserverless._base.signals import raised_by_handler
from tests.alarms import needs_alarm, on_alarm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

pytestmark = needs_alarm


class SoftTimeLimitExceeded(Exception):
    """As Celery's."""


def soft_timeout_sighandler(signum: int, frame: object) -> None:
    """As Celery's worker sets it."""
    raise SoftTimeLimitExceeded


class Handler:
    """Its call, and its method, are handlers."""

    def __call__(self, signum: int, frame: object) -> None:
        raise TimeoutError("my own time limit")

    def method(self, signum: int, frame: object) -> None:
        raise TimeoutError("my own time limit")


def raise_deeper(signum: int, frame: object) -> None:
    os.stat("/no/such/place")


def raise_amid_another(words: str, signum: int, frame: object) -> None:
    try:
        os.stat("/no/such/place")
    except OSError:
        raise LookupError(words) from None


def raise_once(signum: int, frame: object) -> None:
    """It has gone when its error is judged."""
    signal.signal(signum, signal.SIG_DFL)
    raise TimeoutError("my own time limit")


def raise_once_by_any_name(*args: object) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    raise TimeoutError("my own time limit")


def raise_once_with_more(words: str, signum: int, frame: object) -> None:
    signal.signal(signum, signal.SIG_IGN)
    raise TimeoutError(words)


def wrap(handler: "Callable[[int, Any], None]") -> "Callable[..., None]":
    @functools.wraps(handler)
    def wrapper(*args: "Any") -> None:
        handler(*args)

    return wrapper


HANDLERS = {
    "as Celery's": soft_timeout_sighandler,
    "an object": Handler(),
    "a method": Handler().method,
    "a partial": functools.partial(raise_amid_another, "words"),
    "a partial of an object": functools.partial(Handler()),
    "a lambda": lambda *given: raise_deeper(*given) or None,
    "one that calls": raise_deeper,
    "one in another": wrap(raise_deeper),
    "one that takes itself off": raise_once,
    "one that takes itself off, of any arguments": raise_once_by_any_name,
    "one that takes itself off, with more arguments": functools.partial(raise_once_with_more, "words"),
}


def test_the_time_limit_of_celerys_own_worker_is_known() -> None:
    pool = pytest.importorskip("billiard.pool")
    found = interrupt(pool.soft_timeout_sighandler, spin)
    assert type(found).__name__ == "SoftTimeLimitExceeded"
    assert found.was_raised_by_handler is True  # type: ignore[attr-defined]


def interrupt(handler: "Any", work: "Callable[[], Any]") -> Exception:
    """What comes out of work that an alarm interrupts."""
    with on_alarm(handler) as ring_after:
        try:
            ring_after(0.02)
            work()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is judged while the handler is set
            error.was_raised_by_handler = raised_by_handler(error)  # type: ignore[attr-defined]
            return error
    raise AssertionError("no alarm came")


def spin() -> None:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        pass


@pytest.mark.parametrize("way", sorted(HANDLERS))
@pytest.mark.parametrize("work", [lambda: time.sleep(10), spin], ids=["in a system call", "in Python"])
def test_an_error_of_a_handler_is_known(work: "Callable[[], Any]", way: str) -> None:
    assert interrupt(HANDLERS[way], work).was_raised_by_handler is True  # type: ignore[attr-defined]


def fail(words: str) -> None:
    raise TimeoutError(words)


def fail_with_its_own_frame(number: int, frame: object) -> None:
    fail("{} {}".format(number, frame))


def hide(work: "Callable[[], Any]") -> None:
    """Code that makes an error of its own from whatever befalls it, so that it is its own."""
    try:
        work()
    except Exception as error:
        raise LookupError("the vault is sealed") from error


ORDINARY = {
    "its own": lambda: fail("the vault is slow"),
    "of the system": lambda: os.stat("/no/such/place"),
    "another's frame": lambda: fail_with_its_own_frame(1, sys._getframe(1)),
    "no number": lambda: fail_with_its_own_frame("1", sys._getframe()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("way", sorted(ORDINARY))
@pytest.mark.parametrize("handler", [soft_timeout_sighandler, signal.SIG_IGN, signal.SIG_DFL])
def test_any_other_error_is_not(handler: "Any", way: str) -> None:
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises((TimeoutError, OSError)) as caught:
            ORDINARY[way]()
        assert raised_by_handler(caught.value) is False
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_error_that_code_made_of_a_handlers_is_that_codes() -> None:
    found = interrupt(soft_timeout_sighandler, lambda: hide(spin))
    assert isinstance(found, LookupError)
    assert found.was_raised_by_handler is False  # type: ignore[attr-defined]


def test_an_error_that_was_never_raised_is_nobodys() -> None:
    assert raised_by_handler(ValueError()) is False
