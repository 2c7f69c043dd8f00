"""The entrance of function URLs: judges the head of a request, and has it answered."""

from tencentserverless.local.access_keys import KeyRing
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Answer, Broken, Fault, Intake, Refused, Request
from tencentserverless.local.invocation import new_request_id
from tencentserverless.local.registry.url_triggers import CAM
from tencentserverless.local.services import Services
from tencentserverless.local.web import gate
from tencentserverless.local.web.cam import CamRefusal, CamVerifier
from tencentserverless.local.web.event_functions import EventFunctions
from tencentserverless.local.web.found import Found
from tencentserverless.local.web.places import Place, Places
from tencentserverless.local.web.url_answers import id_line, refusal
from tencentserverless.local.web.web_functions import WebFunctions

_WEB = "HTTP"
_DECIDING = (b"host", b"origin")
_UNKNOWN = "No function of this local SCF is reached by this address. scf local status shows those of functions."


class Entrance:
    """Takes requests to URLs from a site, which has found the place of each."""

    def __init__(self, services: Services, keys: KeyRing) -> None:
        self._limits = limits = services.settings.limits
        self._cam = CamVerifier(keys, services.clock, limits.skew_seconds)
        self._events = EventFunctions(services)
        self._webs = WebFunctions(services)
        self.places: Places = Places(services)

    def accept(self, place: Place, request: Request) -> int | Intake:
        """Judge a head: the bytes that the body may have, or another way to take the request.

        :raises Refused: if it may not come in
        """
        if request.method == "CONNECT":
            raise Refused(refusal(405, "A URL leads to a function, and to no other host.", new_request_id()))
        names = [name for name, _ in request.headers]
        for name in _DECIDING:  # RFC 9112, 3.2, of Host; an app could read another one than what was judged here
            if names.count(name) > 1:
                raise Refused(refusal(400, f"The header {name.decode('ascii')} is sent twice.", new_request_id()))
        found = request.found = self._find(place)
        request.drops_trailers = True
        fault = gate.page_fault(request, found)
        if fault:
            self._events.advise(found.record, f"has a URL that refuses a page. {fault}")
            raise Refused(refusal(403, fault, found.request_id))
        if found.record.type == _WEB and not found.is_preflight and found.trigger.auth_type != CAM:
            return self._webs.accept(found, request)
        return self._limits.event_bytes  # a signature covers the whole body

    def handle(self, found: Found, request: Request, connection: Connection) -> None:
        """Answer a request."""
        found.client_host = connection.client_host
        if found.is_preflight:
            connection.send(Answer(204, b"", id_line(found.request_id) + found.lines))
            return
        if found.trigger.auth_type == CAM and (fault := self._cam_fault(found, request)):
            connection.send(refusal(401, fault, found.request_id, found.lines))
        elif found.record.type == _WEB:
            self._webs.serve(found, request, connection)
        else:
            self._events.serve(found, request, connection)

    def refuse(self, broken: Broken) -> Answer:
        """The answer to a broken request."""
        request_id = new_request_id()
        if broken.fault is Fault.BODY_TOO_LARGE:
            words = f"The body has {broken.size} bytes, the limit is {broken.limit_bytes}."
            return refusal(413, words, request_id)
        if broken.fault is Fault.HEAD_TOO_LARGE:
            limit_bytes = self._limits.head_bytes
            return refusal(
                431, f"The request line and the headers are over the limit, {limit_bytes} bytes.", request_id
            )
        status = 408 if broken.fault is Fault.TOO_SLOW else 400
        return refusal(status, f"The request can't be read: {broken.fault.value}.", request_id)

    def refuse_unknown(self) -> Refused:
        """Make the refusal of an address that no URL has. It lists nothing: any page can ask for it."""
        return Refused(refusal(404, _UNKNOWN, new_request_id()))

    def lost(self, connection: Connection) -> None:
        """A connection has gone; calls of event functions that it has made go on."""
        self._webs.lost(connection)

    def _cam_fault(self, found: Found, request: Request) -> str:
        """Return why the signature of a whole request is refused, ``""`` if it is in order; note what it shows."""
        try:
            signed = self._cam.check(request, found.url)
        except CamRefusal as refused:
            return str(refused)
        found.nested = signed.key.expires_at is not None
        if signed.has_path is not None:
            words = "the path and query of the request" if signed.has_path else "the path / and no query"
            self._events.advise(found.record, f"is called with a CAM signature of {words}; both ways are taken here")
        return ""

    def _find(self, place: Place) -> Found:
        """Find the URL of a place.

        :raises Refused: if there is none, or it is closed
        """
        if place.url is None:
            raise self.refuse_unknown()
        target = self.places.find_target(place.url)
        if target is None:
            raise self.refuse_unknown()
        function, trigger = target
        request_id = new_request_id()
        fault = gate.network_fault(trigger, is_intranet=place.is_intranet)
        if fault:
            raise Refused(refusal(403, fault, request_id))
        record = function.pinned(trigger.qualifier)
        if record is None:
            words = f"Function {function.key.name!r} has no version or alias {trigger.qualifier!r} any more."
            raise Refused(refusal(404, words, request_id))
        return Found(
            *(function.key, trigger.qualifier, trigger, record, place.path, request_id), is_lasting=place.is_lasting
        )
