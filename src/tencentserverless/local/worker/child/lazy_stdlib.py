"""Modules of the standard library that a child seldom needs and that load slowly: loaded on demand, never from user code.

Runs on Python 2.7 and 3.6+; imported by the child as ``_scf_lazy_stdlib``.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

_PYTHON2 = sys.version_info[0] == 2
_FOLDER = os.path.dirname(os.path.abspath(os.__file__))
_path = []  # type: List[str]


def remember_path():
    # type: () -> None
    """Keep ``sys.path`` as the interpreter made it, before user code can shadow a module."""
    _path[:] = sys.path


def add_environments(roots):
    # type: (List[str]) -> List[str]
    """Return the folders of modules of virtual environments for this Python. Their ``.pth`` files count from now on."""
    name = "python{}.{}".format(*sys.version_info[:2])
    places = [os.path.join(root, "lib", name, "site-packages") for root in roots]
    found = [place for place in places if os.path.isdir(place)]
    for place in found:
        load("site").addsitedir(place)
        sys.path[:] = [entry for entry in sys.path if entry != place]  # the caller gives it its place
    return found


def load(name):
    # type: (str) -> Any
    """Load a module of the standard library."""
    module = sys.modules.get(name)
    if module is not None and _is_library(module):
        return module
    shadow, path = sys.modules.pop(name, None), sys.path[:]
    sys.path[:] = _path
    try:
        module = __import__(name)
    finally:
        sys.path[:] = path
        if shadow is not None:
            sys.modules[name] = shadow
    return module


def set_up_logging():
    # type: () -> None
    """Let the root logger write DEBUG lines, like the platform's: now, or when user code first imports logging."""
    if _PYTHON2:
        _configure(load("logging"))
    else:
        sys.meta_path.insert(0, _LoggingFinder())


def add_site_names():
    # type: () -> None
    """Add exit, quit and help, which ``site`` adds to a Python that runs with it."""
    site = load("site")
    site.setquit()
    for name in ("setcopyright", "sethelper"):
        getattr(site, name)()


def _is_library(module):
    # type: (Any) -> bool
    return os.path.dirname(os.path.abspath(getattr(module, "__file__", None) or "")) == _FOLDER


def _configure(logging):
    # type: (Any) -> None
    logging.getLogger().addHandler(logging.StreamHandler())
    logging.getLogger().setLevel(logging.DEBUG)


class _LoggingFinder(object):
    """Finds logging, once, on the kept path, even if user code shadows it."""

    def find_spec(self, name, path=None, target=None):
        # type: (str, Any, Any) -> Any
        """Find a module, as importlib asks."""
        if name != "logging":
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, _path)
        execute = spec.loader.exec_module  # type: ignore[union-attr]

        def exec_module(module):
            # type: (Any) -> None
            execute(module)
            _configure(module)

        spec.loader.exec_module = exec_module  # type: ignore[union-attr,method-assign]
        return spec
