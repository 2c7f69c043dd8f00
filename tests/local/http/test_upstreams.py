"""Connections to apps are kept for their next requests, where that is safe."""

import asyncio
from types import SimpleNamespace

import pytest

from tencentserverless.local.http.upstream import Upstream
from tencentserverless.local.http.upstreams import Upstreams
from tests.local.http.transports import Transport


def keep_one():
    """The connections to apps, one of them that idles, and its transport."""
    upstreams, transport = Upstreams(1024), Transport()
    upstream = Upstream(upstreams, ("127.0.0.1", 9000))
    upstream.connection_made(transport)
    upstreams.put(upstream)
    return upstreams, upstream, transport


def test_one_that_idled_for_long_is_not_used_again_and_is_closed():
    async def scenario():
        upstreams, upstream, transport = keep_one()
        upstream.idle_since -= 60
        assert upstreams.take(upstream.address) is None
        assert transport.ended == "abort"

    asyncio.run(scenario())


def test_bytes_that_nobody_asked_for_end_the_connection():
    async def scenario():
        upstreams, upstream, transport = keep_one()
        upstream.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
        assert transport.ended == "abort"
        upstream.connection_lost(None)
        assert upstreams.take(upstream.address) is None

    asyncio.run(scenario())


def test_a_connection_that_ends_before_it_is_used_is_no_connection():
    async def scenario():
        upstreams = Upstreams(64 * 1024)

        async def create_connection(make, *address):
            upstream = make()
            upstream.connection_made(Transport())
            upstream.connection_lost(None)
            return None, upstream

        upstreams._loop = SimpleNamespace(create_connection=create_connection)
        with pytest.raises(ConnectionResetError):
            await upstreams.open(("127.0.0.1", 9000))

    asyncio.run(scenario())


@pytest.mark.parametrize("end", ["close", "abort"])
def test_a_connection_whose_end_has_come_but_was_not_told_yet_is_not_used(end):
    async def scenario():
        upstreams = Upstreams(1024)
        first, last = await idle_one(upstreams), await idle_one(upstreams)
        upstreams._note(first.address, keeps=True)
        getattr(last.transport, end)()  # as asyncio does when the app has closed, or sends what nobody asked for
        assert upstreams.take(first.address, "POST") is first
        assert upstreams.take(first.address, "POST") is None
        last.connection_lost(None)

    asyncio.run(scenario())


async def idle_one(upstreams):
    upstream = Upstream(upstreams, ("127.0.0.1", 9000))
    upstream.connection_made(Transport())
    upstreams.put(upstream)
    return upstream


def test_a_post_takes_a_connection_of_an_app_that_has_kept_one():
    async def scenario():
        upstreams = Upstreams(1024)
        upstream = await idle_one(upstreams)
        assert upstreams.take(upstream.address, "POST") is None
        assert upstreams.take(upstream.address, "GET") is upstream
        upstreams.put(upstream)  # it has carried a second request
        assert upstreams.take(upstream.address, "POST") is upstream

    asyncio.run(scenario())


def test_a_connection_that_idles_is_the_proof_too():
    async def scenario():
        upstreams = Upstreams(1024)
        upstream = await idle_one(upstreams)
        upstream.idle_since -= 0.2
        assert upstreams.take(upstream.address, "POST") is upstream

    asyncio.run(scenario())


def test_an_app_that_closes_at_once_gets_a_connection_for_each_request():
    async def scenario():
        upstreams = Upstreams(1024)
        (await idle_one(upstreams)).connection_lost(None)
        upstream = await idle_one(upstreams)
        assert upstream.transport.ended == "abort"
        assert upstreams.take(upstream.address) is None

    asyncio.run(scenario())
