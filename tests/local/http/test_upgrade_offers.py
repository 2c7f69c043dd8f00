"""An offer to upgrade, and the head without it."""

import httptools
import pytest

from tencentserverless.local.http.upgrade_offers import head_without_offer, is_offer


class Reader:
    """What a parser tells."""

    def __init__(self, data):
        self.target, self.headers, self.body, self.is_offer = b"", [], b"", None
        self.parser = httptools.HttpRequestParser(self)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self.rest = data[offer.args[0] :]

    def on_url(self, url):
        self.target += url

    def on_header(self, name, value):
        self.headers.append((name, value))

    def on_headers_complete(self):
        self.is_offer = is_offer(self.parser)
        self.keeps = self.parser.should_keep_alive()

    def on_body(self, body):
        self.body += body


HEAD = b"POST /a?b HTTP/1.%d\r\nHost: h\r\nConnection: %s, Upgrade\r\nUPGRADE: h2c\r\nContent-Length: 3\r\n\r\nabc"


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("connection", [b"close", b"keep-alive"])
def test_the_head_without_the_offer_says_all_else_and_the_body_is_the_body(version, connection):
    offer = Reader(HEAD % (version, connection))
    assert (offer.is_offer, offer.body, offer.rest) == (True, b"", b"abc")
    again = Reader(head_without_offer(offer.parser, offer.target, offer.headers) + offer.rest)
    assert (again.is_offer, again.body) == (False, b"abc")
    assert again.target == offer.target
    assert again.headers == [pair for pair in offer.headers if pair[0] != b"UPGRADE"]
    assert again.parser.get_method() == offer.parser.get_method()
    assert again.parser.get_http_version() == offer.parser.get_http_version()
    assert again.keeps == offer.keeps == (connection == b"keep-alive")


def test_connect_and_half_an_offer_are_none():
    assert Reader(b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n").is_offer is False
    assert Reader(b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n").is_offer is False
    assert Reader(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\r\n").is_offer is False
