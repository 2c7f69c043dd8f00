"""HmacSHA1 and HmacSHA256 against Tencent's published example and, where it is installed, Tencent's own code."""

import pytest

from tencentserverless._core import signing_v1

KEY = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
# cloud.tencent.com/document/api/583/17238, the worked example.
PARAMETERS = {
    "Action": "DescribeInstances",
    "InstanceIds.0": "ins-09dx96dg",
    "Limit": "20",
    "Nonce": "11886",
    "Offset": "0",
    "Region": "ap-guangzhou",
    "SecretId": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "Timestamp": "1465185768",
    "Version": "2017-03-12",
}
TEXT = (
    "GETcvm.tencentcloudapi.com/?Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886&Offset=0"
    "&Region=ap-guangzhou&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1465185768&Version=2017-03-12"
)


def test_the_published_example():
    text = signing_v1.text_to_sign("GET", "cvm.tencentcloudapi.com", PARAMETERS)
    assert text == TEXT
    assert signing_v1.signature(KEY, text) == "EliP9YW3pW28FpsEdkXt/+WcGeI="


def test_the_signature_is_no_part_of_what_is_signed():
    signed = dict(PARAMETERS, Signature="EliP9YW3pW28FpsEdkXt/+WcGeI=")
    assert signing_v1.text_to_sign("GET", "cvm.tencentcloudapi.com", signed) == TEXT


def test_names_are_sorted_by_their_bytes():
    text = signing_v1.text_to_sign("POST", "h:1", {"b": "2", "a.10": "x", "a.9": "y", "B": "1", "a": ""})
    assert text == "POSTh:1/?B=1&a=&a.10=x&a.9=y&b=2"


@pytest.mark.parametrize("algorithm", sorted(signing_v1.ALGORITHMS))
@pytest.mark.parametrize("text", [TEXT, "", "POSTh/?a=\u51fd\u6570 &=+%", "x" * 4096])
def test_tencents_own_code_signs_alike(algorithm, text):
    sign = pytest.importorskip("tencentcloud.common.sign").Sign.sign
    assert signing_v1.signature(KEY, text, algorithm) == sign(KEY, text, algorithm)
