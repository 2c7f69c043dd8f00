"""Connections of asyncio that are given up, and connections that end before they stand."""

import asyncio
import gc
import os
import ssl
import time

import pytest

from tencentserverless import exception
from tencentserverless._aio import opening as aio_opening
from tencentserverless._base.tls import tls_context
from tencentserverless.aio import AsyncClient
from tencentserverless.models import Verdict
from tests.peer import KEYS, Channel, Peer
from tests.proof.campaign import run_on_new_loop


@pytest.fixture
def tls(tmp_path):
    """The server's side of TLS, and the file of roots that trusts it."""
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    roots = os.path.join(str(tmp_path), "roots.pem")
    authority.cert_pem.write_to_path(roots)
    return server, roots


@pytest.mark.skipif(not hasattr(ssl.SSLContext, "sslobject_class"), reason="ssl cannot tell of a handshake's end here")
def test_a_connection_that_is_given_up_when_it_stands_leaves_no_number_in_use(tls, monkeypatch):
    """Its transport says reaper meanwhile, and the next socket may get its number."""
    server, roots = tls
    to_cancel = []

    class Telling(ssl.SSLObject):
        def do_handshake(self):
            super().do_handshake()
            to_cancel.pop().cancel()

    async def main(url):
        async with AsyncClient(endpoint=url, ca_file=roots, **KEYS) as client:
            origin = client._find_target(None).origin
            context = tls_context(roots)
            limit = aio_opening.Limit(time.monotonic() + 20, time.monotonic() + 30)
            with monkeypatch.context() as patches:
                patches.setattr(context, "sslobject_class", Telling)
                opening = asyncio.ensure_future(aio_opening._open(origin, limit, lambda *_: None))
                to_cancel.append(opening)
                await asyncio.wait([opening])
            assert opening.cancelled()
            for _ in range(10):
                assert await client.invoke("f") == '"ok"'

    with Peer(tls=server) as peer:
        run_on_new_loop(main(peer.url))
        assert peer.accepts == 2


@pytest.mark.parametrize("engine", ["asyncio", "uvloop"])
def test_a_connection_that_ends_before_it_stands_closes_no_file_of_another(tls, engine):
    run = run_on_new_loop if engine == "asyncio" else pytest.importorskip("uvloop").run
    _, roots = tls

    async def main(url):
        """Files get the numbers that are free after each call."""
        async with AsyncClient(endpoint=url, ca_file=roots, max_attempts=1, **KEYS) as client:
            for _ in range(100):
                with pytest.raises(exception.NetworkError) as caught:
                    await client.invoke("f")
                assert caught.value.executed is Verdict.NO
                files.append(os.open(os.devnull, os.O_RDONLY))
        gc.collect()

    files = []
    with Peer(Channel.reset) as peer:
        run(main("https://" + peer.address))
    for file in files:
        os.close(file)


@pytest.mark.parametrize("failure", [None, OSError(111, "Connection refused")])
def test_a_cancellation_that_comes_with_the_end_of_a_connect_is_not_lost(failure):
    async def main():
        loop = asyncio.get_event_loop()
        connected = loop.create_future()
        task = loop.create_task(aio_opening._await_within(connected, 20.0))
        await asyncio.sleep(0)
        if failure is None:
            connected.set_result(None)
        else:
            connected.set_exception(failure)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_on_new_loop(main())


def test_a_connect_that_takes_too_long_is_ended():
    async def main():
        connecting = asyncio.get_event_loop().create_future()
        with pytest.raises(asyncio.TimeoutError):
            await aio_opening._await_within(connecting, 0.01)
        assert connecting.cancelled()

    run_on_new_loop(main())
