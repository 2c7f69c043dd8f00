"""The pure package: builds, signs, reads, judges and retries a call.

Nothing here touches a socket, a clock, a thread, the environment or a file: time and chance come in as arguments,
bytes come in and go out as values, and everything that needs the outside world is yielded as an effect (``flow``).
It may import ``exception`` and ``models`` and no other module of this project.
"""
