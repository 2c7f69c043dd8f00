"""The port of web functions where one instance alone can have it: instances take turns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tencentserverless.local.scheduler.instance import Instance

_LOOK_SECONDS = 0.05  # between two looks at an instance that still runs a request


class SolePort:
    """Port 9000 of this machine.

    :ivar holder: the instance that listens on it, or the last that did
    """

    def __init__(self) -> None:
        self.holder: Instance | None = None
        self._lock = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn of an instance that starts: the one before it ends its requests, and then itself."""
        async with self._lock:
            while self.holder is not None:
                if self.holder.invocations:
                    await asyncio.sleep(_LOOK_SECONDS)
                    continue
                self.holder.end()
                await self.holder.worker.wait_closed()
                self.holder = None
            yield
