import copy
import inspect
import pickle
import re

import pytest

from tencentserverless import exception
from tencentserverless.models import Attempt, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

COPIES = [copy.copy, copy.deepcopy] + [
    lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
]
CLASSES = [
    value
    for value in vars(exception).values()
    if isinstance(value, type) and value.__module__ == exception.__name__ and not value.__name__.startswith("_")
]
FUNCTION_CLASSES = [found for found in CLASSES if issubclass(found, exception.TencentServerlessSDKException)]
CALL_CLASSES = [found for found in CLASSES if issubclass(found, exception.CallError)]
ATTEMPT = Attempt(1, "Invoke", "h:1", "x", Verdict.NO)


def make(cls: type) -> "Any":
    """One with every fact set, some after it was made, as the SDK does."""
    if issubclass(cls, exception.TencentServerlessSDKException):
        error: "Any" = cls(430, "m\u4f60", "req", {"Response": {}}, "Traceback", status_code=430, executed=Verdict.YES)
    else:
        error = cls("Code.Detail", "m\u4f60", "req", response={"Response": {}}, executed=Verdict.NO)
        error.is_transient = False
        error.status = 502
    error.attempts = (ATTEMPT,)
    return error


def facts_of(error: BaseException) -> "dict[str, Any]":
    facts = dict(vars(error))
    facts["attempts"] = [repr(attempt) for attempt in facts["attempts"]]
    return facts


def test_every_class_is_in_one_of_the_two_families() -> None:
    assert set(CLASSES) == set(FUNCTION_CLASSES) | set(CALL_CLASSES)
    assert not set(FUNCTION_CLASSES) & set(CALL_CLASSES)
    assert not [found for found in FUNCTION_CLASSES if issubclass(found, exception.TencentCloudSDKException)]
    assert all(issubclass(found, exception.TencentCloudSDKException) for found in CALL_CLASSES)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("duplicate", COPIES)
def test_every_error_survives_pickle_and_copy(cls: type, duplicate: "Callable[[Any], Any]") -> None:
    error = make(cls)
    again = duplicate(error)
    assert type(again) is cls
    assert facts_of(again) == facts_of(error)
    assert str(again) == str(error)
    assert repr(again) == repr(error)
    assert again.args == error.args
    assert again.executed is error.executed


@pytest.mark.parametrize("cls", CLASSES)
def test_the_text_is_built_from_the_facts(cls: type) -> None:
    """So a fact that is set later shows."""
    error = make(cls)
    error.executed = Verdict.MAYBE
    error.message = "changed"
    assert "changed" in str(error)
    assert str(error).partition(" (scf explain ")[0].endswith("executed:maybe")
    assert repr(error) == "{}(code={!r}, message='changed', request_id='req', executed=MAYBE)".format(
        cls.__name__, error.code
    )


def test_the_text_of_a_function_error_has_the_lines_of_0_1_7() -> None:
    error = exception.FunctionError(1, "m", "req", None, "Traceback", executed=Verdict.YES)
    assert str(error) == (
        "[TencentServerlessSDKException] \ncode:1 \nmessage:m \nstack_trace:Traceback \nrequestId:req \nexecuted:yes"
    )


def test_the_text_of_a_call_error_has_the_form_of_tencents_class() -> None:
    error = exception.APIError("InternalError", "m", "req")
    theirs = str(exception.TencentCloudSDKException("InternalError", "m", "req"))
    assert str(error) == theirs + " executed:maybe (scf explain InternalError)"


@pytest.mark.parametrize("cls", CLASSES)
def test_the_getters_give_the_attributes(cls: type) -> None:
    error = make(cls)
    for name in ("code", "message", "request_id", "response", "stack_trace"):
        assert getattr(error, "get_" + name)() == getattr(error, name)


@pytest.mark.parametrize("cls", CALL_CLASSES)
def test_a_call_error_keeps_the_names_of_tencents_class(cls: type) -> None:
    """Code written for the official SDK reads these."""
    error = make(cls)
    assert error.requestId == error.request_id == "req"
    assert (error.get_code(), error.get_message(), error.get_request_id()) == ("Code.Detail", "m\u4f60", "req")


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_can_be_made_as_0_1_7_and_tencent_made_it(cls: type) -> None:
    bare = cls()
    assert (bare.code, bare.message, bare.request_id, bare.response) == (None, None, None, None)
    assert bare.executed is Verdict.MAYBE, "what nobody knows is MAYBE"
    assert bare.attempts == ()
    assert isinstance(str(bare), str)
    full = cls("c", "m", "r")
    assert (full.code, full.message, full.request_id) == ("c", "m", "r")


@pytest.mark.parametrize("cls", CLASSES)
def test_no_error_is_chosen_by_its_truth(cls: type) -> None:
    with pytest.raises(TypeError):
        bool(make(cls).executed)


def drawn_tree() -> "dict[str, str]":
    """Child -> parent, as the module's docstring draws it."""
    assert exception.__doc__ is not None
    found = {}
    parents: "list[tuple[int, str]]" = []
    for line in exception.__doc__.splitlines():
        match = re.match(r"(?P<lead>    [ |`-]*)(?P<name>[A-Z]\w+)(\s{2,}|$)", line)
        if match is None:
            continue
        depth = len(match.group("lead"))
        while parents and parents[-1][0] >= depth:
            parents.pop()
        if parents:
            found[match.group("name")] = parents[-1][1]
        parents.append((depth, match.group("name")))
    return found


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    real = {}
    for cls in CLASSES:
        parents = [
            base.__name__
            for base in cls.__bases__
            if not base.__name__.startswith("_") and base.__module__ != Exception.__module__
        ]
        if parents:
            (real[cls.__name__],) = parents
    assert drawn_tree() == real


def test_pythons_own_classes_catch_a_broken_connection_and_a_passed_timeout() -> None:
    for cls in CALL_CLASSES:
        assert issubclass(cls, ConnectionError) is issubclass(cls, exception.NetworkError)
    late = {cls for cls in CALL_CLASSES if issubclass(cls, TimeoutError)}
    assert late == {exception.DeadlineExceeded, exception.ResultTimeout, exception.ConnectTimeout}


def test_a_network_error_is_no_error_of_the_system() -> None:
    """OSError takes two arguments for an errno and its text."""
    error = exception.NetworkError("Code", "words")
    assert (error.errno, error.strerror, error.args) == (None, None, ("Code", "words"))


def test_the_codes_in_the_docstring_are_those_of_the_table() -> None:
    from tencentserverless._core import wire

    assert exception.__doc__ is not None
    for line in exception.__doc__.splitlines():
        match = re.search(r"-- (Function\w+) .*\(([\d, ]+)(?: and others)?\)", line)
        if match is not None:
            for code in match.group(2).split(","):
                assert wire.STATUSES[int(code)][1].__name__ == match.group(1), line


def test_everything_public_is_exported() -> None:
    names = {cls.__name__ for cls in CLASSES} | {"TencentCloudSDKException", "TencentserverlessSDKException"}
    assert names == set(exception.__all__)
    assert len(exception.__all__) == len(names)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_says_what_it_means(cls: type) -> None:
    assert inspect.getdoc(cls)
    assert cls.__doc__ is not None


def test_missing_files_of_tencents_package_are_explained() -> None:
    """Uninstalling the full SDK takes the files of -common along; the error names the repair."""
    import os
    import subprocess
    import sys

    source = os.path.dirname(os.path.dirname(exception.__file__))
    code = (
        "import sys; sys.modules['tencentcloud.common.exception.tencent_cloud_sdk_exception'] = None\n"
        "import tencentserverless.exception"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=source), check=False
    )
    assert done.returncode == 1
    assert b"pip install --force-reinstall --no-deps tencentcloud-sdk-python-common" in done.stderr


BOOTSTRAP = """Traceback (most recent call last):
  File "/tmp/scf-local-x/child/_scf_bootstrap.py", line 92, in _serve
    handler = _load_handler(load["code_folder"], load["handler"])
              ^^^^^^^^^^^^^
  File "<frozen importlib._bootstrap_external>", line 940, in exec_module
"""
PLATFORM = """Traceback (most recent call last):
  File "/var/runtime/python3/bootstrap.py", line 133, in init_handler
    func = get_func_handler(file.rsplit(".", 1)[0], func)
  File "/var/lang/python3/lib/python3.6/imp.py", line 235, in load_module
    return load_source(name, filename, file)
"""
OWN = '  File "/p/job/index.py", line 1, in <module>\n    import lib\n'
LIBRARY = '  File "/usr/lib64/python2.7/json/decoder.py", line 355, in raw_decode\n    raise X\n'


@pytest.mark.parametrize(
    ("text", "summary", "detail"),
    [
        (
            BOOTSTRAP + OWN + "ModuleNotFoundError: No module named 'json5'\n",
            "ModuleNotFoundError: No module named 'json5' (index.py, line 1)",
            OWN,
        ),
        (
            PLATFORM + OWN + OWN.replace("index.py", "lib/__init__.py") + "ImportError: No module named json5",
            "ImportError: No module named json5 (lib/__init__.py, line 1)",
            OWN + OWN.replace("index.py", "lib/__init__.py"),
        ),
        (
            PLATFORM + '  File "/var/user/index.py", line 3\n    y = = 2\n        ^\nSyntaxError: invalid syntax',
            "SyntaxError: invalid syntax (index.py, line 3)",
            '  File "/var/user/index.py", line 3\n    y = = 2\n        ^',
        ),
        (BOOTSTRAP + OWN + LIBRARY + "ValueError: no", "ValueError: no (index.py, line 1)", OWN),
        (
            BOOTSTRAP + OWN + OWN.replace("/p/job", "/env/lib/python3.11/site-packages/it") + "KeyError: 1",
            "KeyError: 1 (index.py, line 1)",
            OWN + OWN.replace("/p/job", "/env/lib/python3.11/site-packages/it"),
        ),
        (BOOTSTRAP + "_scf_bootstrap.EntryMissing: handler 'main.run' needs a: b", "handler 'main.run' needs a: b", ""),
        (BOOTSTRAP + "AttributeError: module 'index' has no x", "AttributeError: module 'index' has no x", ""),
        (
            BOOTSTRAP + OWN + "ValueError: one\n  two\n\nthree",
            "ValueError: one (index.py, line 1)",
            "  two\n\nthree\n" + OWN,
        ),
        (
            BOOTSTRAP + OWN + "SystemExit: 3\n\nDuring handling of the above exception, another exception occurred:\n\n"
            + BOOTSTRAP + "RuntimeError: the module called sys.exit(3)",
            "RuntimeError: the module called sys.exit(3) (index.py, line 1)",
            OWN + "SystemExit: 3\n\nDuring handling of the above exception, another exception occurred:",
        ),
        (BOOTSTRAP + OWN + "ParseError: a.ini (a.ini, line 7)", "ParseError: a.ini (a.ini, line 7)", OWN),
        ("[./scf_bootstrap] no such file or directory", "[./scf_bootstrap] no such file or directory", ""),
        (BOOTSTRAP, BOOTSTRAP, ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_load_error_is_told_as_people_read_it(text: str, summary: str, detail: str) -> None:
    error = exception.FunctionLoadError(-1, text, "req", status_code=443)
    assert (error.summary, error.detail) == (summary, detail.strip("\n"))
    shown = "\n".join(part for part in (error.summary, error.detail) if part)
    assert "\nmessage:{} \nstack_trace:".format(shown) in str(error)
    assert error.message == text, "what the platform has sent stays"


def test_a_load_error_may_have_no_text() -> None:
    for message in (None, {"not": "a text"}):
        error = exception.FunctionLoadError(-1, message)  # type: ignore[arg-type]
        assert (error.summary, error.detail) == (str(message), "")
        assert str(message) in str(error)
