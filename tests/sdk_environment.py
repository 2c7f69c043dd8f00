"""Fixtures of the SDK's tests: an environment in which nothing of the developer's machine counts."""

import os

import pytest

_PREFIXES = ("TENCENTCLOUD_", "TENCENTSERVERLESS_", "TKE_", "SSL_CERT_")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: "os.PathLike[str]") -> None:
    """No key, region, endpoint or proxy around us, and a HOME without a profile."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES) or name.upper() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
