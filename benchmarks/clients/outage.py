"""Print the greatest number of threads during an outage of name look-up: ``python outage.py TASKS``.

Look-ups hang, and calls give up and are tried again: such an outage leaves hanging threads behind.
"""

import asyncio
import contextlib
import json
import socket
import sys
import threading
import time

from tencentserverless.aio import AsyncClient
from tencentserverless.exception import NetworkError

OUTAGE_SECONDS = 12.0


def hang(*question: object) -> object:
    """Behave like an unreachable resolver; an address of numbers is resolved."""
    if socket.AI_NUMERICHOST in question[2:]:
        raise socket.gaierror(socket.EAI_NONAME, "no number")
    time.sleep(2 * OUTAGE_SECONDS)
    raise socket.gaierror(socket.EAI_AGAIN, "the resolver is away")


async def count_threads(tasks: int) -> int:
    """Call from many tasks, and count the threads."""
    socket.getaddrinfo = hang
    client = AsyncClient("ap-guangzhou", "AKIDbench", "k", endpoint="https://scf.example.com", connect_timeout=0.3)
    before = threading.active_count()
    most = 0
    end = time.monotonic() + OUTAGE_SECONDS

    async def call() -> None:
        while time.monotonic() < end:
            with contextlib.suppress(NetworkError):
                await client.invoke("f", timeout=1.0)

    calls = [asyncio.ensure_future(call()) for _ in range(tasks)]
    while not all(each.done() for each in calls):
        most = max(most, threading.active_count() - before)
        await asyncio.sleep(0.02)
    return most


if __name__ == "__main__":
    print(json.dumps(asyncio.run(count_threads(int(sys.argv[1])))), flush=True)
