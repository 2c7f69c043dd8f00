"""The bounds of requests, as the client reads them. ``test_relay`` meets each of them."""

import asyncio

from tencentserverless.local.registry.web_settings import SessionSettings, WebSettings
from tencentserverless.local.web.relay_rules import too_large
from tests.local.web.relaying import Run, Site, web_record


def rules_of(settings, **changes):
    async def make():
        return Site(web_record(**changes), Run()).functions._rules(web_record(**changes), settings)

    return asyncio.run(make())


def test_the_refusal_names_the_limit():
    assert too_large(6_291_456) == "The body of the request is over the limit of 6291456 bytes"


def test_the_memory_of_an_instance_is_shared_out_among_its_requests():
    parts = {requests: rules_of(WebSettings(requests), memory_mb=256).memory_mb for requests in (1, 3, 100)}
    assert parts == {1: 256, 3: 86, 100: 3}


def test_an_answer_is_searched_for_a_session_where_the_function_has_sessions():
    assert rules_of(WebSettings()).find_session is None
    find = rules_of(WebSettings(session=SessionSettings("HEADER", "x-test"))).find_session
    assert find([(b"X-Test", b"abc")]) == "abc"
