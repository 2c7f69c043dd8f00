"""The headers that the platform adds to each request of a web function."""

from pathlib import Path

from tencentserverless.local.access_keys import KeyRing, make_key_pair
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.environment import key_variables
from tencentserverless.local.worker.web_headers import InjectedHeaders
from tests.local.worker.web_functions import record_of

DOCUMENTED = "Request-Id Memory Timeout Version Name Namespace Region Appid Uin".split()
OF_THE_ROLE = "Secret-Id Secret-Key Session-Token".split()


def read(lines):
    assert lines.endswith(b"\r\n")
    return dict(line.split(b": ", 1) for line in lines[:-2].split(b"\r\n"))


def test_nine_that_are_documented_and_three_of_the_role(tmp_path):
    keys = KeyRing(make_key_pair(), lambda: 0.0, 3600)
    record = record_of(tmp_path, memory_mb=512, timeout_seconds=30)
    first, second = keys.issue(), keys.issue()
    headers = InjectedHeaders(record, Settings(Path(), appid="1251", uin="1000"), first)
    found = read(headers.of("id-1"))
    assert list(found) == [f"X-Scf-{name}".encode() for name in (*DOCUMENTED, *OF_THE_ROLE)]
    expected = [b"id-1", b"512", b"30", b"$LATEST", b"site", b"default", b"ap-tokyo", b"1251", b"1000"]
    assert list(found.values())[:9] == expected
    assert found[b"X-Scf-Secret-Key"].decode() == first.credentials.secret_key
    import msgspec

    headers.take_keys(msgspec.json.encode(key_variables(second)))
    renewed = read(headers.of("id-2"))
    assert renewed[b"X-Scf-Session-Token"].decode() == second.credentials.token
    assert {key: renewed[key] for key in renewed if key not in found} == {}
    assert first.credentials.secret_key not in repr(headers) + str(vars(headers)["_fixed"])
    assert repr(headers) == "<InjectedHeaders 11 and a request id>"
