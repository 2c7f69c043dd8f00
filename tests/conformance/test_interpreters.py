"""This SDK, installed from its wheel, on the oldest Python and on the newest; and in functions of several runtimes."""

import json
from pathlib import Path

import pytest

from tests.conformance.judges import CALLERS, Programs, find_python
from tests.environments import find_newest, make_installed

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400)]  # the first run makes environments

HELLO = '"Hello World from the function being invoked"'


@pytest.fixture(scope="module", params=["oldest", "newest"])
def installed(request: pytest.FixtureRequest) -> Programs:
    """Runs programs with this SDK, in an environment that holds it alone."""
    python = find_python("3.6") if request.param == "oldest" else find_newest()
    return Programs(make_installed("wheel", request.param, python) / "python")


def test_the_sdk_comes_from_the_environment(installed: Programs, judged_scf, tmp_path: Path) -> None:
    program = tmp_path / "where.py"
    program.write_text("import tencentserverless; print(tencentserverless.__file__)")
    assert Path(installed(program, judged_scf.env).strip()).is_relative_to(installed.python.parent.parent)


@pytest.mark.parametrize("program", ["PythonInvokeTestWay1.py", "PythonInvokeTest.py", "PythonInvokeTestNative.py"])
def test_the_specs_programs(installed: Programs, judged_scf, program) -> None:
    assert installed(CALLERS / program, judged_scf.env) == f"prepare to invoke a function!\n{HELLO}\n"


@pytest.mark.parametrize("name", ["PythonInvokeTest", "PythonInvokeTestClient"])
def test_the_specs_functions_call_across_regions(installed: Programs, judged_scf, name) -> None:
    lines = installed(CALLERS / "cross_region.py", judged_scf.env, name).splitlines()
    assert lines[0] == '"Already invoked a function!"'
    start = lines.index("prepare to invoke a function!")
    assert lines[start + 1] == HELLO


# test_tencentserverless_0_1_7 compares what these print with what they print under 0.1.7.
@pytest.mark.parametrize(
    "program",
    [
        "call_forms.py",
        "failures.py",
        *(pytest.param(other, marks=pytest.mark.proof) for other in ("refusals.py", "differences.py")),
    ],
)
def test_programs_print_the_same_everywhere(installed: Programs, with_our_sources, judged_scf, program) -> None:
    output = installed(program, judged_scf.env)
    assert output == with_our_sources.printed(program, judged_scf.env)
    assert len(output.splitlines()) >= 4


def test_asyncio(installed: Programs, judged_scf) -> None:
    once = [
        f"module => {HELLO}",
        f"invoke => {HELLO}",
        'attribute => {"key": "value"}',
        'attribute, data => {"a": "b"}',
        'item => {"key": "value"}',
        'call => {"key": "value"}',
        'handle => {"a": 1}',
        "raises => function -1 user code exception caught 430 YES",
        "times out => function -1 Invoking task timed out after 1 seconds 433 YES",
        "unknown => api ResourceNotFound.Function NO",
        "unserialisable => TypeError",
        "cancelled => CancelledError",
        f"gather => {list(range(20))}",
    ]
    assert installed("asyncio_forms.py", judged_scf.env).splitlines() == once * 2


def test_asyncio_on_a_plain_loop_is_quiet(installed: Programs, judged_scf) -> None:
    assert installed("asyncio_plain_loop.py", judged_scf.env) == '{"key": "value"}\n'


@pytest.mark.parametrize("version", ["3.6", pytest.param("3.9", marks=pytest.mark.proof), "3.13"])
def test_a_function_calls_functions(judged_scf, with_our_sources, version) -> None:
    """In the environment that the platform gives: temporary keys, region and endpoint come from there alone."""
    find_python(version)
    result = judged_scf.invoke("calls-python" + version.replace(".", ""))
    assert result["ErrMsg"] == ""
    lines = [f"{name} => {printed}" for name, printed in json.loads(result["RetMsg"])]
    assert "\n".join([*lines, ""]) == with_our_sources.printed("call_forms.py", judged_scf.env)


@pytest.mark.parametrize("version", ["3.6", pytest.param("3.9", marks=pytest.mark.proof), "3.13"])
def test_a_function_runs_on_the_python_that_its_runtime_names(judged_scf, version) -> None:
    find_python(version)
    name = "version-python" + version.replace(".", "")
    assert judged_scf.invoke(name, {"do": "version"})["RetMsg"] == json.dumps(version)
