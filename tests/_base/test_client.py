import copy
import os
import pickle
import signal
import threading
import time

import pytest

from tencentserverless import scf
from tencentserverless._base.client import AGENT, RESERVED
from tencentserverless._base.runtime import Ambient
from tencentserverless.exception import ConnectError
from tencentserverless.models import Credentials
from tencentserverless.scf import Client, Function
from tests.peer import KEYS, Peer, unused_port
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

COPIES = [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]


def settings_of(client: Client) -> "tuple[Any, ...]":
    return client._options, client._keys, client._region, client._timeout, client._limit, client._policy.max_attempts


@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
@pytest.mark.parametrize("value", [0, -1, 0.0, float("inf"), float("nan"), 4e6])
def test_a_time_out_of_range_is_a_value_error(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name + " must be above 0 and at most 604800 seconds"):
        Client(**dict(KEYS, **{name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
@pytest.mark.parametrize("value", ["5", True, [1]])
def test_a_time_that_is_no_number_is_a_type_error(name: str, value: "Any") -> None:
    with pytest.raises(TypeError, match=name + " must be a number of seconds"):
        Client(**dict(KEYS, **{name: value}))


@pytest.mark.parametrize("name", ["max_connections", "max_attempts"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError), ("1", TypeError), (None, TypeError)],
)
def test_a_count_below_one_is_refused(name: str, value: "Any", kind: "type[Exception]") -> None:
    with pytest.raises(kind, match=name + " must be"):
        Client(**dict(KEYS, **{name: value}))


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("api", "invoke", "'Invoke', 'InvokeFunction'"),
        ("api", "", "'Invoke'"),
        ("language", "en", "'zh-CN', 'en-US'"),
        ("language", None, "'zh-CN'"),
    ],
)
def test_an_unknown_choice_names_the_allowed_ones(name: str, value: "Any", allowed: str) -> None:
    with pytest.raises(ValueError, match=name + " must be one of .*" + allowed):
        Client(**dict(KEYS, **{name: value}))


def test_an_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="retries"):
        Client(retries=3, **KEYS)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Client("r", "i", "k", "t", "public")  # type: ignore[misc]


@pytest.mark.parametrize("timeout", [0, -1, "5", float("nan"), True])
def test_a_calls_own_timeout_is_checked_and_nothing_is_sent(timeout: "Any") -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        with pytest.raises((ValueError, TypeError), match="timeout must be"):
            client.invoke("f", timeout=timeout)
        assert peer.accepts == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda client: client.invoke(""), "function_name is empty"),
        (lambda client: client.invoke("  "), "function_name is empty"),
        (lambda client: client.invoke(5), "function_name must be a str"),
        (lambda client: client.invoke("f", {"a": 1}), "namespace must be a str, not .*; the event is given as data="),
        (lambda client: client.invoke("f", namespace=" "), "namespace is empty"),
        (lambda client: client.invoke("f", log_type="All"), "log_type must be one of"),
        (lambda client: client.invoke("f", invocation_type="Sync"), "invocation_type must be one of"),
        (lambda client: client.invoke("f", region="a b"), "region"),
        (lambda client: client.invoke("f", routing_key="x" * 2000), "routing_key is longer than 1024 bytes"),
        (lambda client: client.invoke("f", data={"a": [{1}]}), r"data\['a'\]\[0\] is a set"),
        (lambda client: client.invoke("f", data=float("nan")), "data is nan"),
        (lambda client: client.invoke("f", data="x" * 6291456), "at most 6291456 bytes"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_nothing_is_sent(call: "Callable[[Client], Any]", message: str) -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        with pytest.raises((ValueError, TypeError), match=message):
            call(client)
        assert peer.accepts == 0


@pytest.mark.parametrize("routing_key", [5, b"{}", ["a"]])
def test_a_routing_key_of_another_type_is_a_type_error(routing_key: "Any") -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        with pytest.raises(TypeError, match="routing_key"):
            client.invoke("f", routing_key=routing_key)
        assert peer.accepts == 0


@pytest.mark.parametrize("duplicate", COPIES)
def test_copying_a_client_calls_nothing_remote_and_keeps_its_settings(duplicate: "Callable[[Any], Any]") -> None:
    """deepcopy of 0.1.7's client invoked a function named __deepcopy__."""
    with Peer() as peer:
        client = Client(
            "ap-chengdu",
            endpoint=peer.url,
            timeout=5,
            max_connections=3,
            max_attempts=2,
            language="en-US",
            token="t",
            **KEYS,
        )
        client.invoke("f")
        again = duplicate(client)
        assert len(peer.requests) == 1
        assert settings_of(again) == settings_of(client)
        assert again.invoke("g") == '"ok"'
        assert peer.accepts == 2, "a copy opens connections of its own"
        assert peer.requests[1].headers["x-tc-region"] == "ap-chengdu"
        assert peer.requests[1].headers["x-tc-token"] == "t"
        client.close()
        assert again.invoke("g") == '"ok"'
        again.close()


def test_the_environments_keys_do_not_travel_but_explicit_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "AKIDambient")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "ambient-secret")
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-beijing")
    ambient = pickle.dumps(Client())
    for word in (b"AKIDambient", b"ambient-secret", b"ap-beijing"):
        assert word not in ambient
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-shanghai")
    assert pickle.loads(ambient).region == "ap-shanghai"
    assert b"the-secret-key-of-the-peer" in pickle.dumps(Client(**KEYS))


def test_a_credentials_object_travels() -> None:
    again = pickle.loads(pickle.dumps(Client(credentials=Credentials("AKIDobject", "key"))))
    assert again._get_provider().get(False) == Credentials("AKIDobject", "key")


@pytest.mark.parametrize(
    "name", ["__x__", "__deepcopy__", "__len__", "_repr_html_", "_ipython_display_", "__array__", "_f", "__call__"]
)
def test_a_name_with_an_underscore_is_never_remote(name: str) -> None:
    client = Client(**KEYS)
    assert not hasattr(client, name)
    with pytest.raises(AttributeError, match=name):
        getattr(client, name)


def test_a_client_does_not_iterate() -> None:
    """0.1.7's iterated for ever, a remote function a step."""
    client = Client(**KEYS)
    with pytest.raises(TypeError):
        iter(client)
    with pytest.raises(TypeError):
        list(client)
    with pytest.raises(TypeError):
        "f" in client  # noqa: B015


@pytest.mark.parametrize("key", [1, None, b"f", ("f",), slice(0, 1)])
def test_only_text_names_a_function(key: "Any") -> None:
    with pytest.raises(TypeError, match="takes a function's name"):
        Client(**KEYS)[key]
    with pytest.raises(TypeError, match="takes a function's name"):
        Client(**KEYS).call(key)


@pytest.mark.parametrize("name", ["FuncInvoked", "region_test", "f", "data", "keys"])
def test_any_other_name_is_a_function(name: str) -> None:
    client = Client(**KEYS)
    assert type(getattr(client, name)) is Function
    assert getattr(client, name).name == client[name].name == client.call(name).name == name


def test_the_names_of_methods_are_a_closed_list_and_reached_by_brackets() -> None:
    client = Client(**KEYS)
    assert set(RESERVED) == {
        "invoke",
        "call",
        "function",
        "invocation",
        "map",
        "spawn",
        "close",
        "aclose",
        "with_options",
        "url",
    }
    for name in RESERVED:
        assert client[name].name == name
        assert not isinstance(getattr(client, name, None), Function)


def test_region_and_keys_are_readable_and_settable() -> None:
    client = Client("ap-chengdu", "AKID", "key", "tok")
    assert (client.region, client.secret_id, client.secret_key, client.token) == ("ap-chengdu", "AKID", "key", "tok")
    client.region = "ap-beijing"
    assert client.region == "ap-beijing"
    client.region = None
    assert client.region == "ap-guangzhou"
    with pytest.raises(ValueError, match="region"):
        client.region = "a b"
    bare = Client()
    assert (bare.secret_id, bare.secret_key, bare.token) == (None, None, None)


def test_the_region_of_a_call_is_its_own() -> None:
    with Peer() as peer, Client("ap-chengdu", endpoint=peer.url, **KEYS) as client:
        client.invoke("f", region="ap-beijing")
        client.invoke("f")
        client.region = "ap-shanghai"
        client.invoke("f")
    assert [request.headers["x-tc-region"] for request in peer.requests] == ["ap-beijing", "ap-chengdu", "ap-shanghai"]


def test_the_language_is_sent() -> None:
    with Peer() as peer:
        for language in ("zh-CN", "en-US"):
            with Client(endpoint=peer.url, language=language, **KEYS) as client:
                client.invoke("f")
    assert [request.headers["x-tc-language"] for request in peer.requests] == ["zh-CN", "en-US"]


def test_what_the_client_calls_itself_is_fit_for_the_api() -> None:
    """The custom part of X-TC-RequestClient must match this, at most 128 characters."""
    import re

    assert re.match(r"^[0-9a-zA-Z-_,;.]{1,128}$", AGENT)


def test_reprs_tell_the_state_and_no_secret() -> None:
    with Peer() as peer, Client("ap-chengdu", endpoint=peer.url, token="the-token", **KEYS) as client:
        client.invoke("f")
        assert repr(client) == "<Client ap-chengdu <PoolState 1/64 open, 1 idle, 0 waiting>>"
        assert repr(client.f) == "<Function f of {!r}>".format(client)


def test_the_address_that_failed_is_looked_up_anew_by_the_next_call() -> None:
    port = unused_port()
    with Client(endpoint="http://127.0.0.1:{}".format(port), max_attempts=1, **KEYS) as client:
        for _ in range(3):
            with pytest.raises(ConnectError):
                client.invoke("f")


def test_module_level_calls_share_one_client_until_the_environment_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = scf._ambient.get(scf.Client)
    found: "list[Client]" = []
    threads = [threading.Thread(target=lambda: found.append(scf._ambient.get(scf.Client))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(map(id, found)) == {id(first)}
    for name, value in (
        ("TENCENTSERVERLESS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("TENCENTCLOUD_RUNENV", "SCF"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("TENCENTCLOUD_REGION", "ap-beijing"),
    ):
        monkeypatch.setenv(name, value)
        assert scf._ambient.get(scf.Client) is not first, name
        first = scf._ambient.get(scf.Client)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no SIGUSR1")
def test_a_signal_handler_may_make_the_client_of_module_level_calls_while_it_is_made() -> None:
    made: "list[object]" = []
    inside: "list[object]" = []

    def make() -> object:
        if not made:
            made.append(None)
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.01)  # which lets the handler run
        made.append(object())
        return made[-1]

    ambient = Ambient()
    before = signal.signal(signal.SIGUSR1, lambda *_: inside.append(ambient.get(make)))
    try:
        found = ambient.get(make)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(made) == 3
    assert inside == [found]
    assert ambient.get(make) is found


def test_module_level_calls_follow_an_environment_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """``scf local env`` may be sourced at any time."""
    with Peer() as one, Peer() as two:
        for peer in (one, two, one):
            monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", peer.url)
            assert scf.invoke("f", **KEYS) == '"ok"'
        assert (len(one.requests), len(two.requests)) == (2, 1)
        scf._ambient.get(Client).close()
        scf._ambient._found = (None, None)
