"""Texts that are cut: at characters, with their whole size, and with an address where the whole is kept."""

from tencentserverless.local.dashboard.texts import download_of, shown_log, shown_text
from tencentserverless.local.registry.function_version import FunctionKey
from tests.local.dashboard.visiting import check_schema


def test_a_short_text_is_whole():
    found = shown_text("hé", 0, "/d")
    check_schema("Text", found)
    assert found == {"text": "hé", "bytes": 3, "is_cut": False, "download": None}


def test_a_long_text_is_cut_at_a_character_from_its_end_and_a_log_from_its_start():
    assert shown_text("aé" * 10, 0, "/d", 5) == {"text": "aéa", "bytes": 30, "is_cut": True, "download": "/d"}
    # the first byte of the part is the second one of a character
    assert shown_log("aé".encode() * 10, 0, "/d", 4) == {"text": "aé", "bytes": 30, "is_cut": True, "download": "/d"}


def test_the_start_of_a_text_knows_the_size_of_the_whole():
    assert shown_text("abc", 1000, None)["is_cut"]
    assert shown_text("abc", 1000, None)["bytes"] == 1000
    assert shown_log(b"abc", 3)["is_cut"] is False


def test_bytes_that_are_no_text_are_replaced():
    assert shown_log(b"a\xff")["text"] == "a\ufffd"
    assert shown_text("\ud800")["text"] == "\ud800"[:0] or shown_text("\ud800")["bytes"] == 1


def test_an_address_names_the_run():
    address = download_of(FunctionKey("r", "n", "f"), "id", 2, "event")
    assert address == "/_local/api/download?region=r&namespace=n&function=f&request_id=id&attempt=2&part=event"
