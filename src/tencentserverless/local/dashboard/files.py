"""The files of the pages, and the headers that every answer of the dashboard has."""

import hashlib
from pathlib import Path, PurePath

from tencentserverless.local.dashboard.bundle import make_bundle
from tencentserverless.local.dashboard.sources import Refusal
from tencentserverless.local.http.messages import Answer, Request

_FOLDER = Path(__file__).parent / "static"
#: Everything comes from this server, nothing is inline, and no page may show the dashboard in a frame.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
INDEX = "index.html"
BUNDLE = "bundle.js"  # made of all modules


def header_lines(content_type: str, cache: str = "no-store", **more: str) -> bytes:
    """Return the header lines of an answer.

    :param more: further headers, with ``_`` for ``-``
    """
    headers = {"Content-Type": content_type, "Cache-Control": cache, **_HEADERS}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")


class Files:
    """Answers with the files of the pages, which are read once."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in _TYPES and path.is_file())
        self._paths = {path.relative_to(folder).as_posix(): path for path in paths}
        self._read: dict[str, tuple[bytes, str]] = {}

    def answer(self, name: str, request: Request) -> Answer:
        """Return a file, or 304 if the browser has it.

        :param name: its path below ``static``
        :raises Refusal: if there is none
        """
        if name not in self._paths and name != BUNDLE:
            raise Refusal(404, "not_found", f"the dashboard has no file {name[:64]!r}")
        if name not in self._read:
            body = make_bundle(self._text_of).encode("utf-8") if name == BUNDLE else self._paths[name].read_bytes()
            self._read[name] = body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        body, tag = self._read[name]
        lines = header_lines(_TYPES[PurePath(name).suffix], "no-cache", ETag=tag)
        if request.header(b"if-none-match").decode("latin-1") == tag:
            return Answer(304, b"", lines)
        return Answer(200, body, lines)

    def _text_of(self, name: str) -> str:
        return self._paths[name].read_text(encoding="utf-8")
