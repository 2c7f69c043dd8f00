"""Web functions behind a URL. They are not served yet."""

from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Intake, Request
from tencentserverless.local.services import Services
from tencentserverless.local.web.found import Found
from tencentserverless.local.web.url_answers import refusal

_WORDS = "is a web function: it is listed, but its URL is not served by the local SCF yet."


class WebFunctions:
    """Takes and answers requests to the URLs of web functions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def accept(self, found: Found, request: Request) -> int | Intake:
        """Return the bytes that the body of a request may have, or another way to take it."""
        return self._services.settings.limits.event_bytes

    def serve(self, found: Found, request: Request, connection: Connection) -> None:
        """Answer a request: its head is here, and its body too unless it has a stream."""
        words = f"Function {found.key.name!r} {_WORDS}"
        connection.send(refusal(501, words, found.request_id, found.lines))

    def lost(self, connection: Connection) -> None:
        """A connection has gone."""
