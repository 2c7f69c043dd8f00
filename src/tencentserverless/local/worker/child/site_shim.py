"""The first thing that Python loads in a web function, as ``sitecustomize`` from PYTHONPATH.

It hides the packages that are installed for the interpreter, which the cloud's has not; adds what ``--packages`` names;
notes the function's writes where nothing parts it from this machine; opens the debugger's port; and, where the server
has no seccomp filter, leads port 9000 to the instance's own address. Then it loads the next ``sitecustomize``.

Runs on Python 2.7 and 3.6+ and imports the standard library alone, none of it that the interpreter has not loaded yet
unless it is needed.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

_PORT = 9000
_WITH_PACKAGES = ((2, 7), (3, 6))  # the versions for which the platform installs packages
_LIBRARY_FOLDERS = ("lib-dynload", "lib-tk", "lib-old", "plat-linux2")
_VARIABLE = "_SCF_WEB"


def _set_up(plan):
    # type: (Dict[str, Any]) -> None
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    is_environment = hasattr(sys, "real_prefix") or getattr(sys, "base_prefix", sys.prefix) != sys.prefix
    if sys.version_info[:2] not in _WITH_PACKAGES and not is_environment:
        _hide_packages()
    for folder in plan["environments"]:
        path = os.path.join(folder, "lib", "python{}.{}".format(*sys.version_info[:2]), "site-packages")
        if os.path.isdir(path):
            sys.path.append(path)
    if plan["sdk"] and sys.version_info[0] > 2:
        sys.path.append(plan["sdk"])
    sys.path.insert(0, plan["child"])
    try:
        if plan["bundle"]:
            __import__("_scf_trust").trust(plan["bundle"])
        if plan["notes"]:
            __import__("_scf_own_writes").watch(plan["notes"])
        if plan["debugger"]:
            _open_debugger(plan)
    finally:
        sys.path.remove(plan["child"])
    if plan["lead"]:
        _lead_port(str(plan["lead"][0]), plan["lead"][1], plan["tell"])


def _hide_packages():
    # type: () -> None
    """Take what ``site`` has added to the path off it again."""
    given = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    library = os.path.dirname(os.__file__)
    sys.path[:] = [
        path
        for path in sys.path
        if path in given or path == library or path.endswith(".zip") or os.path.basename(path) in _LIBRARY_FOLDERS
    ]


def _open_debugger(plan):
    # type: (Dict[str, Any]) -> None
    """Open the port of the debugger, in the first process alone."""
    import json

    debugger, plan["debugger"] = plan["debugger"], None
    os.environ[_VARIABLE] = json.dumps(plan)
    __import__("_scf_debugger").open_port(debugger)


def _lead_port(address, port, place):
    # type: (str, int, str) -> None
    """Have sockets of Python that bind the port bind the instance's own address.

    :param place: a pipe in which the host that was asked for is told once it is listened on
    """
    import socket

    bind, listen = socket.socket.bind, socket.socket.listen
    asked = {}  # type: Dict[int, str]

    def leading_bind(self, where):
        # type: (Any, Any) -> Any
        if self.family not in (socket.AF_INET, socket.AF_INET6) or where[1] != _PORT or where[0] == address:
            asked.pop(self.fileno(), None)  # of an earlier socket with this number
            return bind(self, where)
        asked[self.fileno()] = where[0] or "0.0.0.0"
        if self.family == socket.AF_INET:
            return bind(self, (address, port))
        if self.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            del asked[self.fileno()]  # it can have no address of IPv4
            return bind(self, ("::1", 0))
        return bind(self, ("::ffff:" + address, port))

    def telling_listen(self, *backlog):
        # type: (Any, Any) -> Any
        result = listen(self, *backlog)
        host = asked.get(self.fileno())
        if host is not None:
            _tell(place, host)
        return result

    socket.socket.bind = leading_bind  # type: ignore[method-assign]
    socket.socket.listen = telling_listen  # type: ignore[method-assign]
    if sys.version_info[0] > 2:
        sys.meta_path.insert(0, _UvloopFinder(socket, place))


def _tell(place, host):
    # type: (str, str) -> None
    try:
        pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(pipe, "{} {}\n".format(host, os.getpid()).encode("ascii", "replace"))
        finally:
            os.close(pipe)
    except (IOError, OSError):  # the server has ended
        pass


class _UvloopFinder(object):
    """Finds uvloop, once, whose servers bind in C: they get a socket of Python that has been bound."""

    def __init__(self, socket, place):
        # type: (Any, str) -> None
        self._socket = socket
        self._place = place

    def find_spec(self, name, path=None, target=None):
        # type: (str, Any, Any) -> Any
        """Find a module, as importlib asks."""
        if name != "uvloop":
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
            module.Loop.create_server = self._leading(module.Loop.create_server)

        spec.loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]
        return spec

    def _leading(self, create_server):
        # type: (Callable[..., Any]) -> Callable[..., Any]
        socket, place = self._socket, self._place

        def leading(loop, factory, host=None, port=None, **options):
            # type: (Any, Any, Any, Any, Any) -> Any
            if options.get("sock") is not None or port != _PORT or not (host is None or isinstance(host, str)):
                return create_server(loop, factory, host, port, **options)
            bound = socket.socket(socket.AF_INET6 if host and ":" in host else socket.AF_INET)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host or "0.0.0.0", _PORT))
            for name in ("family", "flags", "reuse_address"):
                options.pop(name, None)
            options["sock"] = bound
            server = create_server(loop, factory, **options)
            return _Told(server, lambda: _tell(place, host or "0.0.0.0"))

        return leading


class _Told(object):
    """An awaitable that tells of its end. No ``async def``: Python 2.7 compiles this file."""

    def __init__(self, awaited, tell):
        # type: (Any, Callable[[], None]) -> None
        self._awaited = awaited
        self._tell = tell

    def __await__(self):
        # type: () -> Any
        return _Steps(self._awaited.__await__(), self._tell)

    def close(self):
        # type: () -> None
        """Close the coroutine, which is not awaited."""
        self._awaited.close()


class _Steps(object):
    """The steps of an awaitable."""

    def __init__(self, steps, tell):
        # type: (Any, Callable[[], None]) -> None
        self._steps = steps
        self._tell = tell

    def __iter__(self):
        # type: () -> Any
        return self

    def __next__(self):
        # type: () -> Any
        return self.send(None)

    def send(self, value):
        # type: (Any) -> Any
        """Take the next step."""
        try:
            return self._steps.send(value)
        except StopIteration:
            self._tell()
            raise

    def throw(self, *error):
        # type: (Any) -> Any
        """Take the next step with an error, such as a cancellation."""
        return self._steps.throw(*error)

    def close(self):
        # type: () -> None
        """End before the last step."""
        self._steps.close()


def _load_next(folder):
    # type: (str) -> None
    """Load the ``sitecustomize`` in whose place this one was found."""
    paths = [path for path in sys.path if os.path.abspath(path or ".") != folder]
    if sys.version_info[0] == 2:
        import imp

        try:
            found = imp.find_module("sitecustomize", paths)
        except ImportError:
            return
        imp.load_module("sitecustomize", *found)
        return
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", paths)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


def _main():
    # type: () -> None
    text = os.environ.get(_VARIABLE)
    if text:
        import json

        _set_up(json.loads(text))
    _load_next(os.path.dirname(os.path.abspath(__file__)))


_main()
