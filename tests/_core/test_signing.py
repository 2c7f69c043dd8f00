import calendar
import hashlib
import hmac
import json
import os
import time

import pytest

from tencentserverless._core import signing
from tencentserverless.models import Credentials
from tests.profiles import examples

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "vectors", "signing")
NAMES = ("published_a", "published_b", "published_c", "scf_post", "scf_unsigned_payload")
SCF_HOST = "scf.tencentcloudapi.com"

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80)


def load(name: str) -> "dict[str, Any]":
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as file:
        vector: "dict[str, Any]" = json.load(file)
        return vector


def canonical_of(vector: "dict[str, Any]") -> str:
    digest = hashlib.sha256(vector["body"].encode("utf-8")).hexdigest()
    if "body_sha256" in vector:
        assert digest == vector["body_sha256"]
    return signing.canonical_request(
        vector["method"], vector["query"], vector["headers"], vector["signed_headers"], digest
    )


def hmac_signature(secret_key: str, date: str, service: str, text: str) -> str:
    """The signature as the documentation builds it, with the standard library's HMAC."""
    key = ("TC3" + secret_key).encode("utf-8")
    for part in (date, service, "tc3_request"):
        key = hmac.new(key, part.encode("utf-8"), hashlib.sha256).digest()
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()


def test_every_vector_has_a_test() -> None:
    assert sorted(NAMES) == sorted(name[:-5] for name in os.listdir(FOLDER))


@pytest.mark.parametrize("name", NAMES)
def test_a_published_vector_is_signed_as_it_says(name: str) -> None:
    vector = load(name)
    canonical = canonical_of(vector)
    if "canonical_sha256" in vector:
        assert hashlib.sha256(canonical.encode("utf-8")).hexdigest() == vector["canonical_sha256"]
    scope = signing.Authorization(
        vector["secret_id"], vector["date"], vector["service"], tuple(vector["signed_headers"]), ""
    )
    assert signing.utc_date(vector["timestamp"]) == vector["date"]
    assert signing.signature(vector["secret_key"], scope, str(vector["timestamp"]), canonical) == vector["signature"]


@pytest.mark.parametrize("name", ["published_a", "scf_post", "scf_unsigned_payload"])
def test_the_signer_of_posts_gives_the_vectors_signature(name: str) -> None:
    vector = load(name)
    signer = signing.Signer(vector["headers"]["host"], vector["service"], vector["headers"]["content-type"])
    value = signer.sign(
        Credentials(vector["secret_id"], vector["secret_key"]), vector["timestamp"], vector["body"].encode("utf-8")
    )
    assert value.decode("ascii") == (
        "TC3-HMAC-SHA256 Credential={}/{}/{}/tc3_request, SignedHeaders=content-type;host, Signature={}".format(
            vector["secret_id"], vector["date"], vector["service"], vector["signature"]
        )
    )


def test_what_is_kept_for_a_second_serves_no_other_second_and_no_other_key() -> None:
    signer = signing.Signer(SCF_HOST, "scf", "application/json")
    keys = [Credentials("AKID", "key"), Credentials("AKID", "kez")]
    turns = [(keys[turn % 2], 1551113065 + turn // 3, b"{%d}" % (turn % 2)) for turn in range(12)]
    assert [signer.sign(*turn) for turn in turns] == [
        signing.Signer(SCF_HOST, "scf", "application/json").sign(*turn) for turn in turns
    ]


def test_one_character_anywhere_changes_the_signature() -> None:
    signer = signing.Signer(SCF_HOST, "scf", "application/json")
    base = (Credentials("AKID", "key"), 1551113065, b"{}")
    signatures = {
        signer.sign(*base)[-64:],
        signer.sign(Credentials("AKID", "kez"), base[1], base[2])[-64:],
        signer.sign(base[0], base[1] + 1, base[2])[-64:],
        signer.sign(base[0], base[1] + 86400, base[2])[-64:],
        signer.sign(base[0], base[1], b"{ }")[-64:],
        signing.Signer(SCF_HOST + ":444", "scf", "application/json").sign(*base)[-64:],
        signing.Signer(SCF_HOST, "cvm", "application/json").sign(*base)[-64:],
    }
    assert len(signatures) == 7


@hypothesis.given(
    secret_id=printable,
    secret_key=st.text(min_size=1, max_size=100).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)),
    timestamp=st.integers(min_value=0, max_value=253402300799),
    body=st.binary(max_size=300),
)
def test_the_signer_the_general_way_and_stdlib_hmac_agree(
    secret_id: str, secret_key: str, timestamp: int, body: bytes
) -> None:
    secret_id = secret_id.replace("/", "_").replace(",", "_").replace("=", "_")
    signer = signing.Signer(SCF_HOST, "scf", "application/json")
    header = signer.sign(Credentials(secret_id, secret_key), timestamp, body)
    authorization = signing.parse_authorization(header.decode("ascii"))
    assert authorization.secret_id == secret_id
    assert authorization.signed_headers == ("content-type", "host")
    headers = {"content-type": "application/json", "host": SCF_HOST}
    digest = hashlib.sha256(body).hexdigest()
    canonical = signing.canonical_request("POST", "", headers, authorization.signed_headers, digest)
    assert signing.signature(secret_key, authorization, str(timestamp), canonical) == authorization.signature
    scope = "{}/scf/tc3_request".format(authorization.date)
    text = "\n".join(("TC3-HMAC-SHA256", str(timestamp), scope, hashlib.sha256(canonical.encode("utf-8")).hexdigest()))
    assert hmac_signature(secret_key, authorization.date, "scf", text) == authorization.signature


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(60), deadline=None)
@hypothesis.given(
    secret_key=printable,
    timestamp=st.integers(min_value=0, max_value=4102444800),
    params=st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers() | st.none(), max_size=4),
)
def test_the_official_sdk_signs_the_same(secret_key: str, timestamp: int, params: "dict[str, Any]") -> None:
    """Tencent's own client is the outside judge: its canonical form and its HMAC, over the body that it makes."""
    from tencentcloud.common.abstract_client import AbstractClient
    from tencentcloud.common.http.request import RequestInternal

    request = RequestInternal(SCF_HOST, "POST", "/")
    request.header = {"Content-Type": "application/json", "Host": SCF_HOST, "X-TC-Timestamp": str(timestamp)}
    request.data = json.dumps(params)
    client = AbstractClient.__new__(AbstractClient)
    date = time.strftime("%Y-%m-%d", time.gmtime(timestamp))
    theirs = client._get_tc3_signature(params, request, date, "scf", secret_key)
    signer = signing.Signer(SCF_HOST, "scf", "application/json")
    ours = signer.sign(Credentials("AKID", secret_key), timestamp, request.data.encode("utf-8"))
    assert ours[-64:].decode("ascii") == theirs


def test_the_signers_cache_follows_the_day_and_the_keys() -> None:
    """What is kept for a day must not outlive it, nor a rotation of the keys."""
    signer = signing.Signer(SCF_HOST, "scf", "application/json")
    midnight = calendar.timegm((2024, 3, 1, 0, 0, 0))
    first, second = Credentials("A", "one"), Credentials("A", "two")
    for timestamp in (midnight - 1, midnight, midnight - 1):
        for credentials in (first, second, first):
            fresh = signing.Signer(SCF_HOST, "scf", "application/json")
            assert signer.sign(credentials, timestamp, b"x") == fresh.sign(credentials, timestamp, b"x")


@pytest.mark.parametrize("length", [1, 60, 61, 62, 100])
def test_keys_longer_than_a_hash_block_are_hashed_first(length: int) -> None:
    """``TC3`` and the key together pass the 64 bytes of a block at 62 characters."""
    scope = signing.Authorization("id", "2024-01-01", "scf", ("host",), "")
    text = "\n".join(("TC3-HMAC-SHA256", "1", "2024-01-01/scf/tc3_request", hashlib.sha256(b"canonical").hexdigest()))
    ours = signing.signature("k" * length, scope, "1", "canonical")
    assert ours == hmac_signature("k" * length, "2024-01-01", "scf", text)


@hypothesis.given(st.integers(min_value=0, max_value=253402300799))
@hypothesis.example(951782400)  # 2000-02-29
@hypothesis.example(4107542399)  # the last second before 2100-03-01, a year without a leap day
def test_utc_date_is_the_calendars(timestamp: int) -> None:
    assert signing.utc_date(timestamp) == "{:04d}-{:02d}-{:02d}".format(*time.gmtime(timestamp)[:3])


GOOD = "TC3-HMAC-SHA256 Credential=AKID/2024-01-01/scf/tc3_request, SignedHeaders=content-type;host, Signature=ab"


def test_an_authorization_is_read_into_its_parts() -> None:
    found = signing.parse_authorization("  " + GOOD + " ")
    assert (found.secret_id, found.date, found.service) == ("AKID", "2024-01-01", "scf")
    assert (found.signed_headers, found.signature) == (("content-type", "host"), "ab")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "SKIP",
        "TC3-HMAC-SHA256",
        GOOD.replace("TC3-HMAC-SHA256", "TC3-HMAC-SM3"),
        GOOD.replace("TC3-HMAC-SHA256", "tc3-hmac-sha256"),
        GOOD.replace(", Signature=ab", ""),
        GOOD.replace(", SignedHeaders=content-type;host", ""),
        GOOD.replace("Credential=AKID/2024-01-01/scf/tc3_request, ", ""),
        GOOD + ", Signature=cd",
        GOOD + ", Extra=1",
        GOOD + ", nothing",
        GOOD.replace("/tc3_request", "/aws4_request"),
        GOOD.replace("/tc3_request", ""),
        GOOD.replace("AKID/", "/"),
        GOOD.replace("AKID/", "AKID/more/"),
        GOOD.replace("2024-01-01", ""),
        GOOD.replace("scf/", "/"),
    ],
)
def test_a_malformed_authorization_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        signing.parse_authorization(value)


def test_a_signed_header_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        signing.canonical_request("POST", "", {"host": "h"}, ("content-type", "host"), "")


def test_canonical_values_are_trimmed_and_lower_cased() -> None:
    text = signing.canonical_request(
        "POST", "", {"host": " A.Example ", "x-tc-action": "Invoke"}, ("host", "x-tc-action"), "h"
    )
    assert text == "POST\n/\n\nhost:a.example\nx-tc-action:invoke\n\nhost;x-tc-action\nh"
