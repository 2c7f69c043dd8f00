"""The frames of the channel, against anything that may come along it."""

import os
import socket
import struct
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless.local.worker.child.frames import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    Channel,
    FrameError,
    FrameReader,
    decode_head,
    pack,
    pack_answer,
    pack_call,
    read_answer,
    read_call,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
heads = st.dictionaries(st.text(), json_values, max_size=4)
frames = st.lists(st.tuples(heads, st.binary(max_size=300)), max_size=5)


@given(frames, st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut(sent, data):
    stream = b"".join(pack(head, body) for head, body in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader, got = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += reader.feed(stream[start:end])
    assert [(decode_head(head), body) for head, body in got] == sent


@given(st.binary(max_size=200))
def test_anything_is_a_frame_an_error_or_not_yet_whole(data):
    try:
        for head, _ in FrameReader().feed(data):
            decode_head(head)
    except FrameError:
        pass


@pytest.mark.parametrize("lengths", [(MAX_HEAD_BYTES + 1, 0), (0, MAX_BODY_BYTES + 1), (2**32 - 1, 2**32 - 1)])
def test_an_announced_length_over_the_bound_is_refused_before_it_comes(lengths):
    with pytest.raises(FrameError):
        FrameReader().feed(struct.pack(">II", *lengths))


def test_nothing_over_the_bound_is_sent():
    with pytest.raises(FrameError):
        pack({}, b"x" * (MAX_BODY_BYTES + 1))
    with pytest.raises(FrameError):
        pack({"x": "x" * MAX_HEAD_BYTES})


@pytest.mark.parametrize("head", [b"[]", b"1", b"{", b"\xff", b"", b"[" * 100_000])
def test_a_head_that_is_no_object_is_refused(head):
    with pytest.raises(FrameError):
        decode_head(head)


@settings(max_examples=20)
@given(st.lists(st.tuples(heads, st.binary(max_size=200_000)), min_size=1, max_size=3))
def test_a_channel_carries_frames_of_any_size(sent):
    read_end, write_end = os.pipe()
    writer = threading.Thread(target=lambda: [Channel(write_end).send(pack(head, body)) for head, body in sent])
    writer.start()
    channel = Channel(read_end)
    got = [channel.receive() for _ in sent]
    writer.join()
    os.close(write_end)
    assert [(decode_head(head), body) for head, body in got] == sent
    assert channel.receive() is None
    os.close(read_end)


ids = st.text("0123456789abcdef-", max_size=36).map(str.encode)


@given(ids, st.binary(max_size=40), st.binary(max_size=40))
def test_a_call_says_whose_it_is_and_what_changes(request_id, environ, event):
    ((head, body),) = FrameReader().feed(pack_call(request_id, environ, event))
    assert (read_call(head), body) == ((request_id, environ), event)
    assert read_answer(head) is None or head[:1] == b"\2"


@given(ids, st.integers(0, 999), st.floats(0, 1e9), st.integers(0, 2**50), st.booleans())
def test_an_answer_says_all_that_it_was_given(request_id, status, duration_ms, memory_bytes, has_output):
    values = (request_id, status, duration_ms, memory_bytes, has_output)
    ((head, text),) = FrameReader().feed(pack_answer(*values, b"text"))
    assert (read_answer(head), text) == (values, b"text")


@pytest.mark.parametrize("size", [0, 100, 200_000])
def test_calls_are_received_one_by_one_however_large(size):
    ours, theirs = socket.socketpair()
    channel = Channel(theirs.fileno())
    sent = [(b"id-%d" % number, b"{}" * number, b"x" * size) for number in range(3)]
    writer = threading.Thread(target=lambda: ours.sendall(b"".join(pack_call(*call) for call in sent)))
    writer.start()
    assert [channel.receive_call() for _ in sent] == sent
    writer.join()
    ours.close()
    assert channel.receive_call() is None
    theirs.close()


@given(st.binary(max_size=60))
def test_any_head_is_an_answer_or_something_else(head):
    assert (read_answer(head) is None) == (len(head) < 20 or head[:1] != b"\2")


@pytest.mark.parametrize("head", [b"", b"\1", b"{}", b"\2\0"])
def test_a_head_of_something_else_is_no_call(head):
    with pytest.raises(FrameError):
        read_call(head)
