"""Spelling of runtimes, and the handlers that fit them."""

import pytest

from tencentserverless.local.project import runtimes


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *[(each, each) for each in ("Python3.9", "Nodejs18.15", "Go1", "CustomRuntime", "Java8", "Php7")],
        *[("python3.9", "Python3.9"), ("NODEJS16.13", "Nodejs16.13"), ("customruntime", "CustomRuntime")],
        *[("nodejs20.19", "Nodejs20.19"), ("Java21", "Java21"), ("Python3.13", "Python3.13")],
        *[("nodejs26.1", "Nodejs26.1"), ("Php8.4", "Php8.4")],
        *[("python3", None), ("python 3.9", None), ("Ruby3", None), ("Go2", None), ("", None)],
    ],
)
def test_spelling(written, name):
    assert runtimes.spelled(written) == name


@pytest.mark.parametrize(
    ("runtime", "handler", "fits"),
    [
        *[("Python3.9", "index.main", True), ("Python3.9", "main", False), ("Nodejs18.15", "a/bb.run", True)],
        *[("Java8", "example.Hello::mainHandler", True), ("Java8", "index.main", False), ("Go1", "main", True)],
        *[("CustomRuntime", "any words", True), ("Go1", "", False)],
    ],
)
def test_forms(runtime, handler, fits):
    assert runtimes.fits_handler(handler, runtime) is fits


def test_defaults_fit():
    for runtime in ("Python3.9", "Nodejs10.15", "Php7", "Go1", "Java11", "CustomRuntime"):
        assert runtimes.fits_handler(runtimes.default_handler(runtime), runtime)
