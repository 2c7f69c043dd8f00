"""The end of a connection whose client still sends: a close now could take the last answer away from it."""

#: For a client to read the last answer.
LINGER_SECONDS = 30.0
_LINGER_BYTES = 32 * 1024 * 1024
_SILENCE_SECONDS = 0.3  # after which a client that speaks TLS counts as one that sends no more


class Linger:
    """The time for which the bytes of a client are read and thrown away.

    TLS has one end for both ways, and bytes that come behind it break the connection. So there the end is sent when the
    client is silent; else it is sent at once, and the client's own end is waited for.

    :param now: seconds of the loop's clock
    :param sends_end: True if the end of the answers can be sent while the client still sends
    :ivar deadline: of the wait, by the same clock
    """

    __slots__ = ("_latest", "_rest_bytes", "deadline", "sends_end")

    deadline: float
    sends_end: bool

    def __init__(self, now: float, *, sends_end: bool) -> None:
        self.sends_end = sends_end
        self._rest_bytes = _LINGER_BYTES
        self._latest = now + LINGER_SECONDS
        self.deadline = self._latest if sends_end else now + _SILENCE_SECONDS

    def take(self, size: int, now: float) -> bool:
        """Take bytes, which may move the deadline. False if they are too many."""
        self._rest_bytes -= size
        if not self.sends_end:
            self.deadline = min(now + _SILENCE_SECONDS, self._latest)
        return self._rest_bytes > 0
