"""The servers that tests start as web functions, each as its users start it, on port 9000."""

import sys
from dataclasses import dataclass

#: The interpreters as the platform names them.
PYTHON = "/var/lang/python3{0}/bin/python3.{0}".format(sys.version_info[1])
NODE = "/var/lang/node20/bin/node"
ASGI, WSGI = "asgi:app", "wsgi:app"


@dataclass(frozen=True)
class Server:
    """A server.

    :param start: the last line of its scf_bootstrap
    :param files: of this folder, what its code is made of
    :param has_sockets: it speaks WebSocket
    :param is_quick: it is of the development environment, and make test runs it
    :param reads_chunks: it gives an app a body that comes in chunks
    """

    name: str
    start: str
    files: tuple[str, ...]
    has_sockets: bool = False
    is_quick: bool = False
    reads_chunks: bool = True


def _asgi(name: str, start: str) -> Server:
    return Server(name, f"exec {PYTHON} -m {start}", ("asgi.py",), has_sockets=True)


def _wsgi(name: str, start: str) -> Server:
    return Server(name, f"exec {PYTHON} -m {start}", ("wsgi.py",))


def _node(name: str, *, has_sockets: bool = False, is_quick: bool = False) -> Server:
    return Server(name, f"exec {NODE} on_{name}.js", (f"on_{name}.js", "answering.js"), has_sockets, is_quick)


SERVERS = (
    Server("flask", f"exec {PYTHON} plain_flask.py", ("plain_flask.py", "wsgi.py")),
    Server(
        "fastapi", f"{PYTHON} -u plain_fastapi.py", ("plain_fastapi.py", "asgi.py"), has_sockets=True, is_quick=True
    ),
    _asgi("uvicorn", f"uvicorn --host 0.0.0.0 --port 9000 --loop asyncio --http h11 {ASGI}"),
    _asgi("uvicorn-workers", f"uvicorn --host 0.0.0.0 --port 9000 --workers 2 {ASGI}"),
    _asgi("hypercorn", f"hypercorn --bind 0.0.0.0:9000 {ASGI}"),
    _asgi("hypercorn-uvloop", f"hypercorn --worker-class uvloop --bind 0.0.0.0:9000 {ASGI}"),
    _asgi("granian", f"granian --interface asgi --host 0.0.0.0 --port 9000 {ASGI}"),
    _asgi("daphne", f"daphne -b 0.0.0.0 -p 9000 {ASGI}"),
    _asgi("gunicorn-uvicorn", f"gunicorn -k uvicorn_worker.UvicornWorker -w 2 -b 0.0.0.0:9000 {ASGI}"),
    _wsgi("gunicorn", f"gunicorn -w 2 -b 0.0.0.0:9000 {WSGI}"),
    _wsgi("gunicorn-threads", f"gunicorn -k gthread --threads 4 -b 0.0.0.0:9000 {WSGI}"),
    _wsgi("waitress", f"waitress --listen 0.0.0.0:9000 {WSGI}"),
    _wsgi("granian-wsgi", f"granian --interface wsgi --host 0.0.0.0 --port 9000 {WSGI}"),
    # Its apps have to call uwsgi.chunked_read for a body in chunks.
    Server("uwsgi", "exec uwsgi --http-socket 0.0.0.0:9000 --module wsgi:app", ("wsgi.py",), reads_chunks=False),
    Server("aiohttp", f"exec {PYTHON} on_aiohttp.py", ("on_aiohttp.py", "asgi.py"), has_sockets=True),
    Server("tornado", f"exec {PYTHON} on_tornado.py", ("on_tornado.py", "asgi.py"), has_sockets=True),
    _node("http", is_quick=True),
    _node("cluster"),
    _node("express", has_sockets=True),
    _node("koa"),
    _node("fastify"),
)
REQUIREMENTS = (
    "flask==3.1.3",
    "fastapi==0.165.0",
    "uvicorn[standard]==0.54.0",
    "hypercorn==0.18.0",
    "granian==2.8.9",
    "daphne==4.2.3",
    "gunicorn==27.0.1",
    "uvicorn-worker==0.4.0",
    "waitress==3.0.2",
    "pyuwsgi==2.0.30.post1",
    "aiohttp==3.14.5",
    "tornado==6.6.1",
    "mcp==2.3.0",
    "django==5.2.19",
    "openai==3.57.0",
)
PACKAGES = ("express@5.3.0", "koa@3.3.0", "fastify@5.12.8", "ws@8.23.0")
