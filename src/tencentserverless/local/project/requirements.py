"""Says how to install a module that a function does not find, where a ``requirements.txt`` of the function names it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tencentserverless.local.worker.interpreters import Interpreters

FILE_NAME = "requirements.txt"
_MISSING = re.compile(r"^(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z_][\w.]*)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_INCLUDED = re.compile(r"(?:-r|--requirement)[\s=]+(\S+)")
_LEVELS = 3  # the folder of the code, its parent, its grandparent
_MAX_BYTES = 256 * 1024
_MAX_FILES = 10

#: Distributions whose modules have another name, by module.
_DISTRIBUTIONS = {
    "bs4": ("beautifulsoup4",),
    "Crypto": ("pycryptodome", "pycrypto"),
    "cv2": ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
    "dateutil": ("python-dateutil",),
    "docx": ("python-docx",),
    "dotenv": ("python-dotenv",),
    "fitz": ("pymupdf",),
    "git": ("gitpython",),
    "google": ("protobuf",),
    "jose": ("python-jose",),
    "jwt": ("pyjwt",),
    "MySQLdb": ("mysqlclient",),
    "nacl": ("pynacl",),
    "OpenSSL": ("pyopenssl",),
    "PIL": ("pillow",),
    "psycopg2": ("psycopg2-binary",),
    "qcloud_cos": ("cos-python-sdk-v5",),
    "serial": ("pyserial",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "socks": ("pysocks",),
    "telegram": ("python-telegram-bot",),
    "tencentcloud": ("tencentcloud-sdk-python",),
    "websocket": ("websocket-client",),
    "yaml": ("pyyaml",),
    "zmq": ("pyzmq",),
}


def find_command_of_runtime(message: str, folder: Path, runtime: str) -> str:
    """Return what ``find_command`` returns for the interpreter of a runtime on this machine."""
    interpreters = Interpreters(is_strict=False)
    interpreters.prepare({runtime})
    interpreter = interpreters.find_installer(runtime)
    return find_command(message, folder, str(interpreter)) if interpreter else ""


def find_command(message: str, folder: Path, interpreter: str) -> str:
    """Return the command that installs a missing module into the folder of the code.

    :param message: the traceback of a function that did not load
    :param folder: the folder of the code
    :param interpreter: the Python that runs the function
    :return: a line for the user; ``""`` if no module is missing, if the folder is read-only, as that of a package is,
        or if no ``requirements.txt`` of the folder, its parent and its grandparent names the module
    """
    found = _MISSING.findall(message)
    if not found or not _is_writable(folder):
        return ""
    module = str(found[-1])
    for place in (folder, *folder.parents)[:_LEVELS]:
        path = place / FILE_NAME
        name = _find_name(path, module) if path.is_file() else ""
        if name:
            parts = (interpreter, "-m", "pip", "install", "-r", str(path), "-t", str(folder))
            return f"{name} is in {path} and is not installed; run: {shlex.join(parts)}"
    return ""


def _is_writable(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & 0o200)
    except OSError:
        return False


def _find_name(path: Path, module: str) -> str:
    """Return the name by which a file of requirements has the distribution of a module, ``""`` if it has none."""
    top, *inner = module.split(".")
    wanted = {_normal(name) for name in (top, f"python-{top}", f"py{top}", *_DISTRIBUTIONS.get(top, ()))}
    wanted.update(_normal(".".join((top, *inner[:count]))) for count in range(1, len(inner) + 1))
    return next((name for name in _requirements(path) if _normal(name) in wanted), "")


def _requirements(path: Path) -> Iterator[str]:
    """Yield the names of a file's requirements, and of the files that it includes."""
    waiting, seen = [path], set[Path]()
    while waiting and len(seen) < _MAX_FILES:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for line in _lines(current):
            included, egg, name = _INCLUDED.match(line), _EGG.search(line), _NAME.match(line)
            if included:
                waiting.append(current.parent / included[1])
            elif egg:
                yield egg[1]
            elif name:
                yield name[0]


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _normal(name: str) -> str:
    """Return the name of a distribution as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
