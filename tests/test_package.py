"""The names of ``tencentserverless`` itself: loaded at their first use, and free of cost until then."""

import os
import subprocess
import sys

import pytest

import tencentserverless
from tencentserverless import aio, scf

SOURCE = os.path.dirname(os.path.dirname(tencentserverless.__file__))


def run(code: str) -> str:
    environment = dict(os.environ, PYTHONPATH=SOURCE)
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, check=True)
    return done.stdout.decode("ascii").strip()


def test_the_names_are_those_of_the_modules() -> None:
    assert tencentserverless.Client is scf.Client
    assert tencentserverless.invoke is scf.invoke
    assert tencentserverless.AsyncClient is aio.AsyncClient
    with pytest.raises(AttributeError, match="module 'tencentserverless' has no attribute 'client'"):
        tencentserverless.client  # type: ignore[attr-defined]  # noqa: B018


def test_all_names_what_there_is() -> None:
    assert run("from tencentserverless import *; print(Client.__name__, AsyncClient.__name__, invoke.__name__)") == (
        "Client AsyncClient invoke"
    )
    with open(os.path.join(SOURCE, "tencentserverless", "__init__.pyi")) as stub:
        text = stub.read()
    assert "__all__ = {!r}".format(tencentserverless.__all__).replace("'", '"') in text


def test_nothing_is_loaded_before_its_first_use() -> None:
    loaded = "print(sorted(name for name in sys.modules if name.startswith('tencentserverless')))"
    assert run("import sys, tencentserverless; {}".format(loaded)) == "['tencentserverless']"
    code = "import sys; from tencentserverless import {}; print('asyncio' in sys.modules)"
    assert run(code.format("scf")) == "False"
    assert run(code.format("Client, invoke")) == "False"


def test_a_name_is_looked_up_once() -> None:
    assert run("import tencentserverless as t; t.Client; print('Client' in vars(t))") == "True"
