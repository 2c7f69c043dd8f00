"""Texts of users in answers: raw, cut where they are long, with the address of the whole."""

from urllib.parse import urlencode

from tencentserverless.local.dashboard.sources import JsonObject
from tencentserverless.local.registry.function_version import FunctionKey

API = "/_local/api/"
MAX_BYTES = 64 * 1024
MAX_LOG_BYTES = 4096  # of a row of a list


def shown_text(text: str, size: int = 0, download: str | None = None, limit: int = MAX_BYTES) -> JsonObject:
    """Return the structure Text of a text, or of the start of one.

    :param size: of the whole in bytes; 0 if the text is the whole
    :param download: the address of the whole, if it is kept
    """
    data = text.encode("utf-8", "replace")
    whole = max(size, len(data))
    if len(data) > limit:
        text = data[:limit].decode("utf-8", "ignore")
    is_cut = whole > min(len(data), limit)
    return {"text": text, "bytes": whole, "is_cut": is_cut, "download": download if is_cut else None}


def shown_log(output: bytes, size: int = 0, download: str | None = None, limit: int = MAX_BYTES) -> JsonObject:
    """Return the structure Text of a log, of which the last part is shown."""
    whole = max(size, len(output))
    part = output[-limit:] if len(output) > limit else output
    is_cut = whole > len(part)
    text = part.decode("utf-8", "ignore" if is_cut else "replace")
    return {"text": text, "bytes": whole, "is_cut": is_cut, "download": download if is_cut else None}


def download_of(key: FunctionKey, request_id: str, attempt: int, part: str) -> str:
    """Return the address of a whole text of a call.

    :param part: ``event``, ``result`` or ``log``
    """
    query = {**key_fields(key), "request_id": request_id, "attempt": attempt, "part": part}
    return f"{API}download?{urlencode(query)}"


def key_fields(key: FunctionKey) -> JsonObject:
    """Return the fields that name a function."""
    return {"region": key.region, "namespace": key.namespace, "function": key.name}
