"""The cost of importing a module after the modules that a bare script has loaded.

    python imports.py MODULE [FOLDER]       FOLDER: where to look for it first

Prints ``[milliseconds of the bare imports, milliseconds more, bytes of source more, of these outside the standard
library, modules of the module's own package, bytes of their code without docstrings]``. The code is the bytecode of
``python -OO``, which holds no comment, docstring or assertion.
"""
# ruff: noqa: E402, PTH120, PTH123, PTH202 - the imports are measured

import sys
import time

began = time.perf_counter()
import hashlib
import hmac
import json
import socket
import ssl

sys.path[:0] = sys.argv[2:]
bare = time.perf_counter()
known = set(sys.modules)
__import__(sys.argv[1])
ended = time.perf_counter()


def list_sources():
    """List the modules that were loaded since, with their files."""
    for name in set(sys.modules) - known:
        path = getattr(sys.modules[name], "__file__", None)
        if path and path.endswith(".py"):
            yield name, path


def weigh_code(path):
    """Measure the code of a source without its docstrings, in bytes."""
    import marshal

    with open(path, "rb") as file:
        return len(marshal.dumps(compile(file.read(), "code", "exec", dont_inherit=True, optimize=2)))


def main():
    import os

    sources = list(list_sources())
    package = sys.argv[1].partition(".")[0]
    own = [path for name, path in sources if name.partition(".")[0] == package]
    everything = sum(os.path.getsize(path) for _, path in sources)
    library = os.path.dirname(os.__file__) + os.sep
    outside = sum(
        os.path.getsize(path) for _, path in sources if "site-packages" in path or not path.startswith(library)
    )
    milliseconds = (bare - began) * 1e3, (ended - bare) * 1e3
    print(json.dumps([*milliseconds, everything, outside, len(own), sum(map(weigh_code, own))]))


used = (hashlib, hmac, socket, ssl)
main()
