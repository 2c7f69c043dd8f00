"""What is said of a handler whose file or function is not there."""

import sys
import warnings

import pytest

from tencentserverless.local.project.handler_check import defined_names, find_handler_fault
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

MAIN = "def main_handler(event, context):\n    return event\n"
LOCALS = f"""
class Order:
    def run(self, name): ...
{MAIN}
    import run
    name = [each for each in event]
    def run(): pass
"""


@pytest.mark.parametrize(
    ("files", "handler", "fault"),
    [
        ({"index.py": MAIN}, "index.main_handler", ""),
        ({"index.py": MAIN}, "main.run", "no main.py; index.py has main_handler"),
        ({"index.py": MAIN, "a.py": "def run(): pass\n"}, "main.run", "no main.py; a.py has run"),
        ({"index.py": f"{MAIN}print 'Python 2'\n"}, "main.run", "no main.py; index.py has main_handler"),
        ({"index.py": "def broken(:\n"}, "main.run", "no main.py; there is index.py"),
        ({"handlers/order.py": MAIN}, "handlers.order.main", "no handlers.order.py; did you mean handlers/order.main?"),
        ({"index.py": MAIN}, "index.main_handle", "no main_handle in index.py; did you mean main_handler?"),
        ({"index.py": "x = 1\n"}, "index.run", "no run in index.py; it has x"),
        ({"index.py": ""}, "index.run", "no run in index.py"),
        ({}, "index.run", "no index.py; the folder has no such file"),
        ({"app.py": "x = 1\n"}, "index.run", "no index.py; there is app.py"),
        ({"index.py": "def broken(:\n"}, "index.run", ""),
        ({"index.py": "from other import *\n"}, "index.run", ""),
        ({"index.py": "globals()['run'] = print\n"}, "index.run", ""),
        ({"index.py": "from a.b import c as run\n"}, "index.run", ""),
        ({"index.py": "if 1:\n    run = print\n"}, "index.run", ""),
        ({"index.so": ""}, "index.run", ""),
        ({"index.py": LOCALS}, "index.run", "no run in index.py; it has Order, main_handler"),
        ({"index.py": LOCALS}, "index.nam", "no nam in index.py; it has Order, main_handler"),
        ({"index.py": LOCALS}, "main.name", "no main.py; index.py has main_handler"),
        ({"index.py": "def load():\n    global run\n    run = print\n"}, "index.run", ""),
        ({"index.py": "[run := print for _ in [1]]\n"}, "index.run", ""),
        ({"index.py": "def load(first=(run := print)): pass\n"}, "index.run", ""),
        ({"index.py": "@(run := print)\nclass Order: pass\n"}, "index.run", ""),
        ({"index.py": "class Order((run := object)): pass\n"}, "index.run", ""),
        ({"index.py": "load = lambda first=(run := print): (own := first)\n"}, "index.run", ""),
        ({"index.py": "load = lambda first: (run := first)\n"}, "index.run", "no run in index.py; it has load"),
        ({"index.py": "def __getattr__(name): return print\n"}, "index.run", ""),
        ({"index.py": "[run for run in [print]]\n"}, "index.run", "no run in index.py"),
    ],
)
def test_python(tmp_path, files, handler, fault):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    record = FunctionRecord(FunctionKey("r", "default", "fn"), handler, "Python3.9", tmp_path)
    assert find_handler_fault(record) == fault


@pytest.mark.skipif(sys.version_info < (3, 10), reason="match is of Python 3.10")
@pytest.mark.parametrize("pattern", ["run", "[_, *run]", "{1: _, **run}", "object() as run", "[(1 | 2) as run, _]"])
def test_what_a_pattern_binds_is_there(tmp_path, pattern):
    (tmp_path / "index.py").write_text(f"match found:\n    case {pattern}: pass\n")
    assert defined_names(tmp_path / "index.py") == {"run": True}


def test_a_file_is_never_run_to_know_its_names(tmp_path):
    path = tmp_path / "index.py"
    path.write_text("raise SystemExit\nfor name in (): pass\nclass A: pass\nasync def run(): pass\n")
    assert set(defined_names(path)) == {"name", "A", "run"}
    assert defined_names(tmp_path / "none.py") is None


def test_a_look_at_the_code_says_nothing_of_its_style(tmp_path):
    path = tmp_path / "index.py"
    path.write_text("run = '\\d'\n")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert defined_names(path) == {"run": True}
    assert told == []
