"""The cost of importing a module after the modules that a bare script has loaded.

    python imports.py MODULE

Prints ``[milliseconds of the bare imports, milliseconds more, bytes of source more, of these outside the standard
library]``.
"""
# ruff: noqa: E402, PTH202 - the imports are measured

import sys
import time

began = time.perf_counter()
import hashlib
import hmac
import json
import socket
import ssl

bare = time.perf_counter()
known = set(sys.modules)
__import__(sys.argv[1])
ended = time.perf_counter()


def list_sources():
    """List the files of the modules that were loaded since."""
    import os

    for name in set(sys.modules) - known:
        path = getattr(sys.modules[name], "__file__", None)
        if path and path.endswith(".py"):
            yield path, os.path.getsize(path)


sources = list(list_sources())
everything = sum(size for _, size in sources)
outside = sum(size for path, size in sources if "site-packages" in path)
used = (hashlib, hmac, socket, ssl)
print(json.dumps([(bare - began) * 1e3, (ended - bare) * 1e3, everything, outside]))
