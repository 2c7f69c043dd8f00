# ruff: noqa: SIM117  # 3.6 has no parentheses around several contexts

import inspect
import os
import subprocess
import sys

import pytest

import tencentserverless
from tencentserverless import scf
from tencentserverless.exception import FunctionError, ResourceNotFound
from tencentserverless.models import InvokeResult, Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Peer, api_error, ok
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

SOURCE = os.path.dirname(os.path.dirname(tencentserverless.__file__))


def test_what_is_public_is_exported() -> None:
    exceptions = {"TencentCloudSDKException", "TencentServerlessSDKException"}  # 0.1.7 had them here
    assert set(scf.__all__) == {"REGIONS", "Client", "Function", "Invocation", "invoke"} | exceptions
    assert all(getattr(scf, name).__name__ == name for name in scf.__all__ if name != "REGIONS")
    with pytest.raises(AttributeError, match=r"'tencentserverless\.scf' has no attribute 'Invocations'"):
        scf.Invocations  # type: ignore[attr-defined]  # noqa: B018


def test_both_ways_to_call_return_the_same() -> None:
    with Peer(answer=lambda request: ok('"hi"', Log="tail", Duration=2.5)) as peer:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", peer.url)
            ways = [scf.invoke("f", log_type="Tail", **KEYS)]
            scf._ambient.get(scf.Client).close()
        with Client(endpoint=peer.url, **KEYS) as client:
            ways += [client.invoke("f", log_type="Tail"), client.f(log_type="Tail")]
    for result in ways:
        assert type(result) is InvokeResult
        assert (result, result.log, result.duration_ms) == ('"hi"', "tail", 2.5)
    assert len({request.body for request in peer.requests}) == 1


def test_module_level_calls_raise_what_a_client_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(answer=lambda request: api_error("ResourceNotFound.Function", "no f")) as peer:
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", peer.url)
        with pytest.raises(ResourceNotFound) as caught:
            scf.invoke("f", **KEYS)
        assert (caught.value.executed, caught.value.message) == (Verdict.NO, "no f")
        scf._ambient.get(scf.Client).close()


def test_a_function_error_is_raised_with_its_traceback() -> None:
    failure = '{"errorCode":1,"errorMessage":"m","stackTrace":"Traceback","statusCode":430,"requestId":"req-1"}'
    with Peer(answer=lambda request: ok(failure, InvokeResult=1)) as peer, Client(endpoint=peer.url, **KEYS) as client:
        with pytest.raises(FunctionError) as caught:
            client.f()
    assert caught.value.stack_trace == "Traceback"
    assert caught.value.executed is Verdict.YES
    assert len(caught.value.attempts) == 1


def test_an_asynchronous_call_gives_the_id_of_its_execution() -> None:
    with Peer(answer=lambda request: ok("", InvokeResult="")) as peer, Client(endpoint=peer.url, **KEYS) as client:
        result = client.invoke("f", invocation_type="Event", data={"a": 1})
    assert result == ""
    assert result.function_request_id == "fn-1"
    assert peer.requests[0].headers["x-tc-action"] == "Invoke"
    assert peer.requests[0].fields["InvocationType"] == "Event"


@pytest.mark.parametrize("found", [Client, Client.invoke, Client.function, Client.close, scf.Function, scf.invoke])
def test_everything_public_is_documented(found: object) -> None:
    assert inspect.getdoc(found)


@pytest.mark.parametrize("found", [Client, Client.invoke, scf.invoke])
def test_every_parameter_is_documented(found: object) -> None:
    doc = inspect.getdoc(found) or ""
    for name in inspect.signature(found).parameters:  # type: ignore[arg-type]
        if name != "self":
            assert ":param {}:".format(name) in doc, name


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import tencentserverless.scf\n"
        "heavy = {'asyncio', 'requests', 'urllib3', 'http.client', 'typing', 'email', 'logging', 'certifi'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import sys; sys.path += {!r}\n".format(sys.path) + code],
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=SOURCE),
        check=True,
    )
    assert done.stdout.decode("ascii").strip() == "[]"
