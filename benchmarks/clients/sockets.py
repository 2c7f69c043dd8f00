"""Plain sockets: the floor, and the bare script that signs and parses too."""

import json
import socket
import ssl
import threading

import wire


class Connection:
    """A connection that sends bytes and reads one answer whole."""

    def __init__(self, settings, context, session=None):
        self._sock = socket.create_connection((settings["host"], settings["port"]))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self._sock = context.wrap_socket(self._sock, server_hostname=settings["host"], session=session)

    def exchange(self, request):
        """Send a request; the value is the answer."""
        self._sock.sendall(request)
        data = self._sock.recv(65536)
        while not data.endswith(b"}}"):  # the end of the responder's one answer
            more = self._sock.recv(65536)
            if not more:
                raise ConnectionError("the responder hung up")
            data += more
        return data

    def read_session(self):
        """The session of its TLS, to resume it: with TLS 1.3 it is there when the answer is."""
        return self._sock.session

    def has_resumed(self):
        """True if its handshake resumed a session."""
        return self._sock.session_reused

    def close(self):
        self._sock.close()


def make_context(settings):
    """A TLS context that trusts the test CA, None for plain HTTP."""
    if not settings["tls"]:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(settings["ca_file"])
    return context


def read_length(head):
    """Read the Content-Length of a head."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("no Content-Length")


def read_body(answer):
    """Read RetMsg from an answer, its head unread."""
    return json.loads(answer.partition(b"\r\n\r\n")[2])["Response"]["Result"]["RetMsg"]


def read_whole(answer):
    """Read RetMsg from an answer, with the checks of its head and its body that a careful engineer writes."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or read_length(head) != len(body):
        raise ConnectionError("not a whole answer")
    return wire.read_answer(body)


def prepare_floor(settings):
    """A prebuilt request on a connection of the thread's own; the answer is decoded from JSON."""
    context = make_context(settings)
    request = wire.build_request(wire.Signer(settings["authority"]))
    local = threading.local()

    def call():
        try:
            connection = local.connection
        except AttributeError:
            connection = local.connection = Connection(settings, context)
        return read_body(connection.exchange(request))

    return call


def prepare_signing(settings):
    """The bare script: it signs each request, reads the head, and looks for errors in the answer."""
    connection = Connection(settings, make_context(settings))
    signer = wire.Signer(settings["authority"])

    def call():
        return read_whole(connection.exchange(wire.build_request(signer)))

    return call


def prepare_connecting(settings):
    """A new connection for each prebuilt request, the TLS context being ready."""
    context = make_context(settings)
    request = wire.build_request(wire.Signer(settings["authority"]))

    def call():
        connection = Connection(settings, context)
        answer = read_body(connection.exchange(request))
        connection.close()
        return answer

    return call


def prepare_resuming(settings):
    """The same with the session of the first connection, which is resumed each time."""
    context = make_context(settings)
    request = wire.build_request(wire.Signer(settings["authority"]))
    first = Connection(settings, context)
    first.exchange(request)
    session = first.read_session()
    first.close()

    def call():
        connection = Connection(settings, context, session)
        answer = read_body(connection.exchange(request))
        if not connection.has_resumed():
            raise ConnectionError("the responder did not resume the session")
        connection.close()
        return answer

    return call
