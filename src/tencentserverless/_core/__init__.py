"""The pure room: what a call is, how it is signed, read, judged and retried.

Nothing here touches a socket, a clock, a thread, the environment or a file: time and chance come in as arguments,
bytes come in and go out as values, and what has to happen in the world is yielded as an effect (``flow``).
It may import ``exception`` and ``models`` and nothing else of ours.
"""
