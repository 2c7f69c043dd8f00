"""The local SCF: a real HTTP endpoint that speaks the cloud's API 3.0 and runs real handlers in worker processes.

The rooms are numbered in the order in which a request walks them: ``front`` (bytes, signatures, routing), ``actions``
(one family of the API a file), ``registry`` (what exists), ``scheduler`` (who runs it), ``worker`` (the process that
does) and ``logs``. Beside the way stand ``app`` (puts the rooms together), ``settings``, ``state`` (the folder that
outlives a run), ``keys`` (who may call), ``project`` (what a folder of functions says), ``faults`` (which calls fail on
demand), ``ledger`` (what ran) and ``server`` (all of it, started from Python).
May import ``_core``, ``exception`` and ``models`` of the SDK, never its drivers and never ``cli``. Python 3.10+.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.local.server import Local, LocalError

__all__ = ["Local", "LocalError"]


def __getattr__(name: str) -> object:
    """``Local`` loads when it is asked for: the rooms here need none of it."""
    if name in __all__:
        from tencentserverless.local import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
