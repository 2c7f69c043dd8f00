"""Two connections whose bytes are carried to each other, over real sockets."""

import asyncio
import contextlib
import socket

from tencentserverless.local.http.paired_connection import PairedConnection

BIG = b"0123456789abcdef" * (512 * 1024)  # 8 MB: more than the buffers between hold


async def pair(stack):
    """The two outer sockets, and the connections between them."""
    loop = asyncio.get_running_loop()
    ends, outer = (PairedConnection(), PairedConnection()), []
    ends[0].other, ends[1].other = ends[1], ends[0]
    for end in ends:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            each.setblocking(False)
        stack.callback(ours.close)
        await loop.create_connection(lambda end=end: end, sock=theirs)
        stack.callback(end.cut)
        outer.append(ours)
    return outer, ends


async def until(condition):
    while not condition():  # noqa: ASYNC110  # of the connections, which have no event for it
        await asyncio.sleep(0.005)


async def read_all(sock, count):
    loop, read = asyncio.get_running_loop(), bytearray()
    while len(read) < count and (data := await loop.sock_recv(sock, 1 << 20)):
        read += data
    return bytes(read)


def run(scenario):
    async def main():
        with contextlib.ExitStack() as stack:
            return await asyncio.wait_for(scenario(*await pair(stack)), 30)

    return asyncio.run(main())


def test_bytes_go_both_ways():
    async def scenario(outer, ends):
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(outer[0], b"there")
        await loop.sock_sendall(outer[1], b"and back")
        return await read_all(outer[1], 5), await read_all(outer[0], 8)

    assert run(scenario) == (b"there", b"and back")


def test_a_side_that_does_not_read_stops_the_other_until_it_does():
    async def scenario(outer, ends):
        loop = asyncio.get_running_loop()
        sending = loop.create_task(loop.sock_sendall(outer[0], BIG))
        await until(lambda: not ends[0].transport.is_reading())
        assert not sending.done()
        assert ends[1].transport.get_write_buffer_size() < len(BIG) // 2
        read = await read_all(outer[1], len(BIG))
        await sending
        return read

    assert run(scenario) == BIG


def test_an_end_lets_what_was_written_leave():
    async def scenario(outer, ends):
        sent = b"x" * (1 << 20)
        ends[0].data_received(sent)
        ends[1].end()
        return await read_all(outer[1], len(sent) + 1) == sent

    assert run(scenario)


def test_an_end_waits_no_longer_than_a_moment_for_a_side_that_does_not_read():
    async def scenario(outer, ends):
        ends[0].data_received(BIG)
        ends[1].end()
        await until(lambda: ends[1].transport is None)
        return len(await read_all(outer[1], len(BIG)))

    assert run(scenario) < len(BIG)


def test_what_a_side_sent_before_it_closed_is_carried_though_a_write_to_it_fails_first():
    async def scenario(outer, ends):
        loop = asyncio.get_running_loop()
        ends[1].transport.pause_reading()
        await loop.sock_sendall(outer[1], b"last words")
        outer[1].close()
        await loop.sock_sendall(outer[0], b"too late")
        await until(lambda: ends[1].transport is None)
        return await read_all(outer[0], 10)

    assert run(scenario) == b"last words"
