"""The messages between parent and child: bounded, length-prefixed frames on a private descriptor.

A frame is two lengths (4 bytes each, big-endian), a head, and a text in UTF-8 (the body: an event or a return value,
carried verbatim so that it is decoded once). The head of a call and of its answer is a fixed layout and the request id;
every other head is a JSON object, which begins with a brace. Never pickle: the child runs user code.
Runs on Python 2.7 and 3.6+; imported by the child as ``_scf_frames``.
"""

import errno
import json
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

_LENGTHS = struct.Struct(">II")
_CALL = struct.Struct(">BB")  # kind, length of the request id
_ANSWER = struct.Struct(">BBHdQ")  # kind, flags, status, milliseconds, bytes of memory
_CALL_FRAME = struct.Struct(">IIBB")  # both lengths, and the layout of a call
_ANSWER_FRAME = struct.Struct(">IIBBHdQ")  # both lengths, and the layout of an answer
_CALL_KIND, _ANSWER_KIND = 1, 2
_HAS_OUTPUT = 1
MAX_HEAD_BYTES = 1024 * 1024
MAX_BODY_BYTES = 10 * 1024 * 1024  # above the platform's 6 MB, so that the server itself refuses a larger event
_READ_BYTES = 65536
PACKET_BYTES = 60000  # of one write, because the channel may carry packets: well below the size of one read

# User code may replace these functions in their modules (gevent does): the channel keeps the originals.
_encode = json.JSONEncoder().encode
_decode = json.JSONDecoder().decode
_os_read = os.read
_os_write = os.write


class FrameError(Exception):
    """The bytes are not frames, or a frame is over a limit."""


def pack(head, body=b""):
    # type: (Dict[str, Any], bytes) -> bytes
    """Make the bytes of one frame.

    :raises FrameError: if head or body is over its limit
    """
    return join(encode_head(head), body)


def encode_head(head):
    # type: (Dict[str, Any]) -> bytes
    """The JSON of a head."""
    return _encode(head).encode("ascii")


def join(head, body):
    # type: (bytes, bytes) -> bytes
    """Make the bytes of one frame, from a head that is JSON already.

    :raises FrameError: if head or body is over its limit
    """
    if len(head) > MAX_HEAD_BYTES or len(body) > MAX_BODY_BYTES:
        raise FrameError("a frame of {} + {} bytes is over the bound".format(len(head), len(body)))
    return _LENGTHS.pack(len(head), len(body)) + head + body


def pack_call(request_id, environ, event):
    # type: (bytes, bytes, bytes) -> bytes
    """The frame of a call.

    :param environ: changed environment variables as a JSON object, empty for none
    """
    length = len(request_id)
    return _CALL_FRAME.pack(2 + length + len(environ), len(event), _CALL_KIND, length) + request_id + environ + event


def read_call(head):
    # type: (bytes) -> Tuple[bytes, bytes]
    """Request id and changed environment variables of a call.

    :raises FrameError: if it is the head of something else
    """
    try:
        kind, length = _CALL.unpack_from(head)
    except struct.error:
        raise FrameError("the head of a call is too short")
    if kind != _CALL_KIND:
        raise FrameError("this is no call")
    end = _CALL.size + length
    return head[_CALL.size : end], head[end:]


def pack_answer(request_id, status, duration_ms, memory_bytes, has_output, text):
    # type: (bytes, int, float, int, bool, bytes) -> bytes
    """The frame of the answer to a call.

    :param has_output: the call has left output in the pipe, with the boundary behind it
    :param text: the result, or the trace of an error
    """
    flags = _HAS_OUTPUT if has_output else 0
    lengths = _ANSWER.size + len(request_id), len(text)
    values = _ANSWER_FRAME.pack(*lengths + (_ANSWER_KIND, flags, status, duration_ms, memory_bytes))
    return values + request_id + text


def read_answer(head):
    # type: (bytes) -> Optional[Tuple[bytes, int, float, int, bool]]
    """The values of ``pack_answer``; None if it is the head of something else."""
    if len(head) < _ANSWER.size:
        return None
    kind, flags, status, duration_ms, memory_bytes = _ANSWER.unpack_from(head)
    if kind != _ANSWER_KIND:
        return None
    return head[_ANSWER.size :], status, duration_ms, memory_bytes, bool(flags & _HAS_OUTPUT)


def decode_head(text):
    # type: (bytes) -> Dict[str, Any]
    """Decode the head of a frame.

    :raises FrameError: if the head is not a JSON object
    """
    try:
        head = _decode(text.decode("utf-8"))
    except (ValueError, RuntimeError):  # RuntimeError: nested beyond the recursion limit
        raise FrameError("the head of a frame is not JSON")
    if not isinstance(head, dict):
        raise FrameError("the head of a frame is not an object")
    return head


class FrameReader(object):
    """Cuts a stream of bytes into frames. Holds at most one incomplete frame."""

    def __init__(self):
        # type: () -> None
        self._buffer = bytearray()

    @property
    def is_partial(self):
        # type: () -> bool
        """True if the rest of a frame is waited for."""
        return bool(self._buffer)

    def feed(self, data):
        # type: (bytes) -> List[Tuple[bytes, bytes]]
        """Add received bytes; return the frames that they complete, as (head, body).

        :raises FrameError: as soon as a length is over its limit; the stream is then unusable
        """
        buffer = self._buffer
        if not buffer and len(data) >= _LENGTHS.size:  # the usual read: one complete frame
            head_bytes, body_bytes = _LENGTHS.unpack_from(data)
            if (
                len(data) == _LENGTHS.size + head_bytes + body_bytes
                and head_bytes <= MAX_HEAD_BYTES
                and body_bytes <= MAX_BODY_BYTES
            ):
                body_start = _LENGTHS.size + head_bytes
                return [(data[_LENGTHS.size : body_start], data[body_start:])]
        buffer += data
        frames = []
        start = 0
        while len(buffer) - start >= _LENGTHS.size:
            head_bytes, body_bytes = _LENGTHS.unpack(bytes(buffer[start : start + _LENGTHS.size]))
            if head_bytes > MAX_HEAD_BYTES or body_bytes > MAX_BODY_BYTES:
                raise FrameError("a frame announces {} + {} bytes".format(head_bytes, body_bytes))
            body_start = start + _LENGTHS.size + head_bytes
            end = body_start + body_bytes
            if len(buffer) < end:
                break
            frames.append((bytes(buffer[start + _LENGTHS.size : body_start]), bytes(buffer[body_start:end])))
            start = end
        if start:
            del buffer[:start]
        return frames


class Channel(object):
    """The child's end of the channel: blocking reads and writes of frames on a descriptor."""

    def __init__(self, descriptor):
        # type: (int) -> None
        self._descriptor = descriptor
        self._reader = FrameReader()
        self._ready = []  # type: List[Tuple[bytes, bytes]]

    def receive(self):
        # type: () -> Optional[Tuple[bytes, bytes]]
        """The next frame as (head, body); None when the parent has gone."""
        while not self._ready:
            try:
                data = _retried(_os_read, self._descriptor, _READ_BYTES)
            except (OSError, IOError) as error:
                if error.errno != errno.ECONNRESET:
                    raise
                data = b""  # the parent is gone without having read the last answer
            if not data:
                return None
            self._ready = self._reader.feed(data)
        return self._ready.pop(0)

    def receive_call(self):
        # type: () -> Optional[Tuple[bytes, bytes, bytes]]
        """The next call as (request id, changed environment variables, event); None when the parent has gone.

        :raises FrameError: if something else has come
        """
        if not self._ready and not self._reader.is_partial:
            try:
                data = _os_read(self._descriptor, _READ_BYTES)
            except (OSError, IOError):  # the usual way sees which
                data = b""
            if len(data) >= _CALL_FRAME.size:
                head_bytes, body_bytes, kind, length = _CALL_FRAME.unpack_from(data)
                end = _LENGTHS.size + head_bytes
                if kind == _CALL_KIND and len(data) == end + body_bytes:  # one packet, one call
                    start = _CALL_FRAME.size
                    return data[start : start + length], data[start + length : end], data[end:]
            self._ready = self._reader.feed(data)
        frame = self.receive()
        if frame is None:
            return None
        request_id, environ = read_call(frame[0])
        return request_id, environ, frame[1]

    def send(self, frame):
        # type: (bytes) -> None
        """Write one frame whole."""
        sent = _retried(_os_write, self._descriptor, frame if len(frame) <= PACKET_BYTES else frame[:PACKET_BYTES])
        if sent == len(frame):
            return
        view = memoryview(frame)[sent:]
        while len(view):
            view = view[_retried(_os_write, self._descriptor, view[:PACKET_BYTES]) :]


def _retried(call, *arguments):
    # type: (Any, Any) -> Any
    """Call a system function again after EINTR: on Python 2.7 a signal that user code handles interrupts it (PEP 475)."""
    while True:
        try:
            return call(*arguments)
        except (OSError, IOError) as error:
            if error.errno != errno.EINTR:
                raise
