"""Tencent's tencentserverless 0.1.7 judges: a program prints with it what the same program prints with this SDK.

Python 2.7 stays with 0.1.7, so there its output is compared with that of this SDK under the interpreter of the tests.
"""

import sys
from pathlib import Path

import pytest

from tests.conformance.judges import CALLERS, Programs, find_python, make_judge
from tests.environments import make_installed, run

REDIRECT = Path(__file__).resolve().parent / "redirect"
#: With --no-deps it does not bring the full SDK, which is fourteen times as large as this.
REQUIREMENTS = (("tencentcloud-sdk-python-scf", "setuptools"), ("--no-deps", "tencentserverless==0.1.7"))

pytestmark = pytest.mark.timeout(400)  # the first run makes environments


@pytest.fixture(scope="module", params=["own", *(pytest.param(old, marks=pytest.mark.proof) for old in ("3.6", "2.7"))])
def version(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def theirs(version: str) -> Programs:
    """Runs programs with 0.1.7."""
    python = Path(sys.executable) if version == "own" else find_python(version)
    return Programs(make_judge(f"tencentserverless-0.1.7-{version}", python, *REQUIREMENTS), REDIRECT)


@pytest.fixture(scope="module")
def ours(version: str, with_our_sources: Programs) -> Programs:
    """Runs programs with this SDK, on the same Python where it can."""
    if version == "3.6":
        return Programs(make_installed("wheel", "oldest", find_python(version)) / "python")
    return with_our_sources


def names_and_rest(output: str) -> "dict[str, str]":
    """The lines ``name => rest`` of an output."""
    return dict(line.split(" => ", 1) for line in output.split("\n") if " => " in line)


def test_the_judge_is_what_it_should_be(theirs: Programs) -> None:
    shown = run(theirs.python, "-m", "pip", "show", "tencentserverless").stdout.splitlines()
    assert "Version: 0.1.7" in shown


@pytest.mark.parametrize(
    "program",
    [
        "PythonInvokeTest.py",
        *(pytest.param(f"PythonInvokeTest{other}.py", marks=pytest.mark.proof) for other in ("Way1", "Native")),
    ],
)
def test_the_specs_programs_print_the_same(theirs, ours, judged_scf, tmp_path, program) -> None:
    """Without ``token=" "``, which 0.1.7 hands to requests, and requests sends no header that begins with a space."""
    text = (CALLERS / program).read_text(encoding="utf-8")
    changed = tmp_path / program
    changed.write_text(text.replace(',token=" "', ""), encoding="utf-8")
    expected = 'prepare to invoke a function!\n"Hello World from the function being invoked"\n'
    assert theirs(changed, judged_scf.env) == expected
    assert ours(changed, judged_scf.env) == expected
    assert ours(CALLERS / program, judged_scf.env) == expected


def test_every_form_of_a_call_prints_the_same(theirs, ours, judged_scf) -> None:
    output = theirs("call_forms.py", judged_scf.env)
    assert ours.printed("call_forms.py", judged_scf.env) == output
    printed = names_and_rest(output)
    assert printed["scf.invoke"] == '"Hello World from the function being invoked"'
    assert printed["attribute"] == '{"key": "value"}'
    assert printed["unicode keywords"] == '"你好"'
    assert len(printed) >= 25


def test_errors_of_the_api_are_the_same(theirs, ours, judged_scf) -> None:
    output = theirs("refusals.py", judged_scf.env)
    assert ours.printed("refusals.py", judged_scf.env) == output
    codes = {name: rest.split(" | ")[0] for name, rest in names_and_rest(output).items()}
    assert codes == {
        "unknown function": "ResourceNotFound.Function",
        "unknown function, native": "ResourceNotFound.Function",
        "unknown function, module": "ResourceNotFound.Function",
        "wrong namespace": "ResourceNotFound.Function",
        "other namespace": "ResourceNotFound.Function",
        "wrong region": "ResourceNotFound.Function",
        "unknown qualifier": "ResourceNotFound.Qualifier",
        "no such name": "InvalidParameter.FunctionName",
        "web function": "InvalidParameterValue.FunctionType",
        "wrong key": "AuthFailure.SignatureFailure",
        "wrong id": "AuthFailure.SecretIdNotFound",
        "wrong token": "AuthFailure.TokenFailure",
        "unserialisable": "TypeError",
    }


def test_an_error_of_the_api_prints_the_same_with_the_verdict_added(theirs, ours, judged_scf) -> None:
    output = theirs("refusal_text.py", judged_scf.env)
    assert output.startswith("[TencentCloudSDKException] code:ResourceNotFound.Function message:Function 'nobody'")
    assert (
        ours.printed("refusal_text.py", judged_scf.env)
        == output[:-1] + " executed:no (scf explain ResourceNotFound.Function)\n"
    )


def test_an_endpoint_where_nobody_listens_gets_the_same_code(theirs, ours, judged_scf) -> None:
    env = {**judged_scf.env, "TENCENTSERVERLESS_ENDPOINT_URL": "http://127.0.0.1:9"}
    assert theirs("unreachable.py", env) == ours("unreachable.py", env) == "ClientNetworkError\n"


def test_errors_of_functions_are_the_same(theirs, ours, judged_scf) -> None:
    output = theirs("failures.py", judged_scf.env)
    assert ours.printed("failures.py", judged_scf.env) == output
    printed = names_and_rest(output)
    assert printed["takes too long"] == "-1 | Invoking task timed out after 1 seconds | "
    assert "returned" not in output
    assert output.count("  of the answer: RequestId, Result True 4") == len(printed) == 6


def test_an_error_of_a_function_prints_the_same_with_the_verdict_added(theirs, ours, judged_scf) -> None:
    output = theirs("failure_text.py", judged_scf.env)
    assert output.startswith("[TencentServerlessSDKException] \ncode:-1 \nmessage:")
    assert ours.printed("failure_text.py", judged_scf.env) == output[:-1] + " \nexecuted:yes (scf explain 430)\n"


def test_events_that_differ_on_purpose(theirs, ours, judged_scf) -> None:
    """``data=`` of a native call is the event; positional events and falsy data are sent (CHANGELOG)."""
    assert theirs("differences.py", judged_scf.env).splitlines() == ['{"data": {"a": "b"}}', "{}", "{}", "{}"]
    assert ours.printed("differences.py", judged_scf.env).splitlines() == ['{"a": "b"}', '{"a": "b"}', "[]", "0"]
