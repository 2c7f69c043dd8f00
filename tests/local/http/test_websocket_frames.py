"""The close frame is found in whatever pieces the bytes come."""

import itertools

import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless.local.http.websocket_frames import NO_CODE, CloseWatch
from tests.local.http.test_tunnel import MASK, close, frame
from tests.profiles import examples

masks = st.sampled_from([b"", MASK, b"\xff\x00\xaa\x55"])
frames = st.builds(
    lambda opcode, size, mask: frame(opcode, bytes(size), mask),
    st.sampled_from([0, 1, 2, 9, 10]),
    st.one_of(st.integers(0, 200), st.sampled_from([125, 126, 127, 65535, 65536])),
    masks,
)


def fed(pieces):
    watch = CloseWatch()
    for piece in pieces:
        watch.feed(piece)
    return watch.code


def cut(data, places):
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks)]


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(400))
@hypothesis.given(
    st.lists(frames, max_size=4),
    st.one_of(st.none(), st.integers(1000, 4999)),
    masks,
    st.lists(st.integers(0, 1 << 20), max_size=8),
)
def test_the_code_is_read_in_any_pieces_and_not_before_it_is_there(before, code, mask, places):
    stream = b"".join(before)
    assert fed(cut(stream, places)) is None
    ending = close(code, mask)
    assert fed(cut(stream + ending + b"what follows", places)) == (NO_CODE if code is None else code)
    assert fed([stream, ending[:1]]) is None


def test_the_bytes_may_come_one_by_one():
    stream = frame(1, b"x" * 130, MASK) + frame(9, b"") + close(4321, MASK)
    assert fed([stream[at : at + 1] for at in range(len(stream))]) == 4321
    assert fed([stream[at : at + 1] for at in range(len(stream) - 4)]) is None


def test_a_payload_that_looks_like_a_close_frame_is_none():
    assert fed([frame(2, close(1000) * 50)]) is None
