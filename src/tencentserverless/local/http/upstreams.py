"""The connections to the apps of web functions, kept for their next requests."""

import asyncio
import errno
import os

from tencentserverless.local.http.upstream import Address, Upstream

_IDLE_SECONDS = 1.0  # ours: apps close idle connections after 2 s (gunicorn) to 5 s (uvicorn, Node.js)
_MAX_IDLE = 128  # of one app; an instance takes at most 100 requests at once
_PROOF_SECONDS = 0.1  # ours: a connection that idles for so long is one that the app keeps
_MAX_HABITS = 1024  # ours
_SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))  # RFC 9110, 9.2.1: they may be sent again, and have no body


class Upstreams:
    """The connections to all apps: opens them, and keeps those that idle.

    Some apps close behind each answer and do not say so: uWSGI with http-socket. A POST, which can't be sent again, is
    not to go into a connection about to end: it takes an idle one only of an app that has been seen to keep them.

    :param head_bytes: see ``Keeper``
    """

    def __init__(self, head_bytes: int) -> None:
        self.head_bytes: int = head_bytes
        self._idle: dict[Address, list[Upstream]] = {}
        self._keeps: dict[Address, bool] = {}  # whether an app keeps connections, where it is known
        self._loop = asyncio.get_running_loop()

    def take(self, address: Address, method: str = "GET") -> Upstream | None:
        """Take an idle connection, the last used one; None if there is none that may be used again.

        :param method: of the request that it is for
        """
        idle = self._idle.get(address)
        if not idle:
            return None
        now = self._loop.time()
        if method not in _SAFE and not self._is_kept(address, now - idle[0].idle_since):
            return None
        while idle:
            upstream = idle.pop()
            if upstream.idle_since <= now - _IDLE_SECONDS:
                for each in (upstream, *idle):  # the others idle for longer
                    each.abort()
                idle.clear()
            elif upstream.transport is not None and not upstream.transport.is_closing():
                upstream.is_reused = True
                return upstream
            # The end of the others has come, and is told at the next turn of the loop: a POST would be lost in them.
        return None

    def put(self, upstream: Upstream) -> None:
        """Keep a connection that has carried its request."""
        idle, keeps = self._idle.get(upstream.address), self._keeps.get(upstream.address)
        if idle is None:
            idle = self._idle[upstream.address] = []
        if upstream.is_reused and not keeps:
            self._note(upstream.address, keeps=True)
        elif keeps is False:
            upstream.abort()
            return
        if len(idle) >= _MAX_IDLE or upstream.transport is None or upstream.transport.is_closing():
            upstream.abort()
            return
        upstream.pause(is_paused=False)
        upstream.idle_since = self._loop.time()
        idle.append(upstream)

    def discard(self, upstream: Upstream) -> None:
        """A connection has gone."""
        idle = self._idle.get(upstream.address)
        if idle is not None:
            if upstream in idle:
                idle.remove(upstream)
                if not upstream.is_reused and self._loop.time() - upstream.idle_since < _PROOF_SECONDS:
                    self._note(upstream.address, keeps=False)
            if not idle:
                del self._idle[upstream.address]

    def _is_kept(self, address: Address, idle_seconds: float) -> bool:
        """True if an app is known to keep its connections; one that has idled for long enough is the proof."""
        if address not in self._keeps and idle_seconds >= _PROOF_SECONDS:
            self._note(address, keeps=True)
        return self._keeps.get(address, False)

    def _note(self, address: Address, *, keeps: bool) -> None:
        if len(self._keeps) >= _MAX_HABITS and address not in self._keeps:
            self._keeps.clear()
        self._keeps[address] = keeps

    async def open(self, address: Address) -> Upstream:
        """Open a connection.

        :raises OSError: if the app does not take it
        """
        _, upstream = await self._loop.create_connection(lambda: Upstream(self, address), *address)
        if upstream.transport is None:  # the app has ended it already, and would never be heard of again
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        return upstream

    def close(self) -> None:
        """Close the idle connections."""
        for idle in list(self._idle.values()):
            for upstream in list(idle):
                upstream.abort()
