"""The local SCF: a real HTTP endpoint that speaks the cloud's API 3.0 and runs real handlers in worker processes.

A call goes through the packages in this order: ``http`` (bytes, TLS), ``api`` (signature, action), ``actions`` (one
family of the API a file), ``invocations`` (faults, history, the queue), ``scheduler`` (the choice of the instance) and
``worker`` (the process that runs the call). ``registry`` holds functions, packages and all SQL, ``project`` reads the
user's folder. ``serve`` creates and runs the services; ``Local`` in ``python_api`` starts a server from Python.
``docs/understand/architecture.md`` lists the imports that each package may have; contracts in ``pyproject.toml`` check
them. Python 3.10+.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.local.python_api import Local, LocalError

__all__ = ["Local", "LocalError"]


def __getattr__(name: str) -> object:
    """Load ``Local`` and ``LocalError`` on first use: the packages here do not need them."""
    if name in __all__:
        from tencentserverless.local import python_api

        return getattr(python_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
