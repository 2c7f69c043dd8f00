"""The description of a URL, as clients send it."""

import pytest

from tencentserverless.local.registry.url_triggers import MAX_CORS_CHARS, Cors, UrlTrigger, is_cors_text


def test_what_is_not_said_is_not_described():
    assert UrlTrigger("url", "$DEFAULT").trigger_desc() == {
        "AuthType": "NONE",
        "NetConfig": {"EnableIntranet": False, "EnableExtranet": False},
    }
    assert UrlTrigger("url", "1", cors=Cors(False)).trigger_desc({})["CorsConfig"] == {"Enable": False}


def test_everything_that_can_be_said():
    cors = Cors(True, ("*",), ("x-a",), ("GET",), ("x-b",), 0, has_credentials=False)
    url = UrlTrigger("url", "1", "CAM", has_extranet=True, cors=cors, is_apigw=False, is_simple=True)
    assert url.trigger_desc() == {
        "AuthType": "CAM",
        "NetConfig": {"EnableIntranet": False, "EnableExtranet": True},
        "CorsConfig": {
            "Enable": True,
            "Origins": ["*"],
            "Methods": ["GET"],
            "Headers": ["x-a"],
            "ExposeHeaders": ["x-b"],
            "Credentials": False,
            "MaxAge": 0,
        },
        "ApiGwCompatible": False,
        "EnableSimpleMode": True,
    }


@pytest.mark.parametrize("text", ["", "a b", "a,b", "a\r\nb", "ü", "\x7f", "a" * (MAX_CORS_CHARS + 1)])
def test_what_can_not_stand_in_a_header(text):
    assert not is_cors_text(text)


def test_what_can():
    assert is_cors_text("*")
    assert is_cors_text("a" * MAX_CORS_CHARS)
