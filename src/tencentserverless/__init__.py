"""Call Tencent Cloud functions (SCF) from Python, and run them locally.

``Client``, ``AsyncClient`` and ``invoke`` are here; each is loaded at its first use. The public modules are ``scf``
(threads), ``aio`` (asyncio), ``exception`` (errors) and ``models`` (results). This module imports none of them, so that
``import tencentserverless`` costs nothing; ``__init__.pyi`` has its types.

The next word stops a warning of pytest about plugins' packages that are imported before it starts: PYTEST_DONT_REWRITE
"""

import sys

__version__ = "1.0.0"
__all__ = ["AsyncClient", "Client", "__version__", "invoke"]

_MODULES = {"AsyncClient": "aio", "Client": "scf", "invoke": "scf"}


class _Package(type(sys)):  # a class: Python 3.6 does not call a __getattr__ of the module itself
    def __getattr__(self, name: str) -> object:
        if name not in _MODULES:
            raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
        module = __import__("{}.{}".format(__name__, _MODULES[name]), fromlist=[name])
        found = self.__dict__[name] = getattr(module, name)
        return found


sys.modules[__name__].__class__ = _Package
