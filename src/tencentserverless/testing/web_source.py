"""The files of a web function that serves an ASGI or WSGI app of the test's process."""

import importlib.util
import inspect
import site
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

from tencentserverless.testing.source import UnfitFunction

_PORT = 9000  # on which a web function listens (document/product/583/56126)
_CURE = "give it a name at the top level of a module, and register it by that"
#: Servers by what they serve: the first one that is installed is taken. Each runs ``app`` until the process ends.
_ASGI = {
    "uvicorn": f"uvicorn.run(app, host='0.0.0.0', port={_PORT}, log_level='warning')",
    "hypercorn": """import asyncio, hypercorn.asyncio, hypercorn.config
    config = hypercorn.config.Config()
    config.bind = ['0.0.0.0:9000']
    asyncio.run(hypercorn.asyncio.serve(app, config))""",
    "granian": f"granian.Granian('server:app', address='0.0.0.0', port={_PORT}, interface='asgi').serve()",
}
_WSGI = {
    "waitress": f"waitress.serve(app, host='0.0.0.0', port={_PORT})",
    "granian": f"granian.Granian('server:app', address='0.0.0.0', port={_PORT}, interface='wsgi').serve()",
    "hypercorn": _ASGI["hypercorn"],
}


class AppPlace(NamedTuple):
    """The place of an app: the module, and the name in it."""

    module: ModuleType
    name: str


def find_app(app: Any) -> AppPlace:
    """Find the name of an app: a worker process has to import it.

    :raises UnfitFunction: if it is no app, or has no name at the top level of a module
    """
    if not callable(app):
        raise UnfitFunction(f"register_web() takes an ASGI or WSGI app, not {app!r}")
    found = list(_list_places(app))
    if not found:
        raise UnfitFunction(f"{app!r} is made inside a function, and a worker process can't import it: {_CURE}")
    return next((place for place in found if not _is_test(place.module)), found[0])


def _list_places(app: Any) -> Iterator[AppPlace]:
    """Yield each module that has an app, with the name there."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None):
            yield from (AppPlace(module, name) for name, value in list(vars(module).items()) if value is app)


def _is_test(module: ModuleType) -> bool:
    """True for a module that pytest has loaded, which has most likely imported the app from its own module."""
    name = module.__name__.rpartition(".")[2]
    return name == "conftest" or name.startswith("test_")


def write_files(place: AppPlace, app: Any) -> dict[str, tuple[str, int]]:
    """Return the files of the web function, each with its mode.

    :raises UnfitFunction: if no server for it is installed for the tests
    """
    servers = _ASGI if _is_asgi(app) else _WSGI
    server = next((name for name in servers if importlib.util.find_spec(name) is not None), None)
    if server is None:
        kind = "an ASGI" if servers is _ASGI else "a WSGI"
        raise UnfitFunction(
            f"register_web() serves {kind} app by {', '.join(servers)}, the first one that is installed for the tests, "
            f"and none is; run: pip install {next(iter(servers))}"
        )
    start = f"#!/bin/sh\nexec '{sys.executable}' -u server.py\n"
    return {"scf_bootstrap": (start, 0o755), "server.py": (_server(place, server, servers[server]), 0o644)}


def _server(place: AppPlace, server: str, run: str) -> str:
    """Return the program that imports the app from where the test has it, and serves it."""
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    module = place.module
    lines = [
        "import importlib, importlib.util, site, sys",
        f"sys.path += [path for path in {[path for path in sys.path if path]!r} if path not in sys.path]",
        f"for folder in {folders!r}:",
        "    site.addsitedir(folder)",
    ]
    if _is_found_by_name(module):
        lines.append(f"module = importlib.import_module({module.__name__!r})")
    else:  # as pytest imports test modules with --import-mode=importlib
        lines += [
            f"spec = importlib.util.spec_from_file_location({module.__name__!r}, {module.__file__!r})",
            "module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)",
            "spec.loader.exec_module(module)",
        ]
    lines += [
        f"app = getattr(module, {place.name!r})",
        "if __name__ == '__main__':",
        f"    import {server}",
        f"    {run}",
    ]
    return "\n".join([*lines, ""])


def _is_found_by_name(module: ModuleType) -> bool:
    try:
        spec = importlib.util.find_spec(module.__name__)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin == module.__file__


def _is_asgi(app: Any) -> bool:
    """True if an app is awaited. A class of ASGI 2, or a class whose instances are awaited, counts as WSGI."""
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)
