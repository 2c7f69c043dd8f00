"""Transports in memory: the network has no part where each read is as a test says."""


class Transport:
    """A transport that keeps what is written."""

    def __init__(self):
        self.sent = b""
        self.ended = ""
        self.is_paused = False
        self.high_bytes = None  # that may wait before the writer is told to pause

    def write(self, data):
        if not self.ended:
            self.sent += data

    def write_eof(self):
        self.ended = self.ended or "eof"

    def close(self):
        self.ended = self.ended or "close"

    def abort(self):
        self.ended = "abort"

    def is_closing(self):
        return self.ended in ("close", "abort")

    def can_write_eof(self):
        return True

    def get_extra_info(self, name):
        return ("127.0.0.1", 1)

    def get_write_buffer_size(self):
        return 0

    def set_write_buffer_limits(self, high):
        self.high_bytes = high

    def pause_reading(self):
        self.is_paused = True

    def resume_reading(self):
        self.is_paused = False

    def take(self):
        sent, self.sent = self.sent, b""
        return sent
