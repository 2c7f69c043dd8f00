"""Lets libraries trust the authority of the local SCF that take their roots from ``certifi``, which reads no variable.

Tencent's SDK for Python is one. Runs on Python 2.7 and 3.6+ and imports the standard library alone.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "certifi"


def trust(bundle):
    # type: (str) -> None
    """Have ``certifi``, once user code imports it, name this file of roots.

    :param bundle: the roots of certifi, and the authority
    """
    sys.meta_path.insert(0, _Finder(bundle))


class _Finder(object):
    """Finds certifi, once, in the place where user code would have found it."""

    def __init__(self, bundle):
        # type: (str) -> None
        self._bundle = bundle

    def find_spec(self, name, path=None, target=None):
        # type: (str, Any, Any) -> Any
        """Find a module, as importlib asks."""
        if name != _NAME:
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is None or not hasattr(spec.loader, "exec_module"):
            return spec
        execute = spec.loader.exec_module  # type: ignore[union-attr]

        def exec_module(module):
            # type: (Any) -> None
            execute(module)
            self._lead(module)

        spec.loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]
        return spec

    def find_module(self, name, path=None):
        # type: (str, Any) -> Any
        """Find a module, as Python 2 asks."""
        return self if name == _NAME else None

    def load_module(self, name):
        # type: (str) -> Any
        """Load it, as Python 2 asks."""
        sys.meta_path.remove(self)
        __import__(name)
        self._lead(sys.modules[name])
        return sys.modules[name]

    def _lead(self, module):
        # type: (Any) -> None
        core = sys.modules.get(_NAME + ".core")  # type: Any
        for each in (module, core):
            if each is not None:
                each.where = lambda: self._bundle
                each.contents = self._read

    def _read(self):
        # type: () -> str
        with open(self._bundle) as file:
            return file.read()
