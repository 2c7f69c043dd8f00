"""Plain sockets: the floor, and the bare script that signs and parses too."""

import json
import socket
import ssl
import threading

import wire


class Connection:
    """A connection that sends bytes and reads one answer whole."""

    def __init__(self, settings, context):
        self._sock = socket.create_connection((settings["host"], settings["port"]))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self._sock = context.wrap_socket(self._sock, server_hostname=settings["host"])

    def exchange(self, request):
        """Send a request; the value is the answer's body."""
        self._sock.sendall(request)
        data = self._sock.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        while not body.endswith(b"}}"):  # the end of the responder's one answer
            more = self._sock.recv(65536)
            if not more:
                raise ConnectionError("the responder hung up")
            data += more
            head, _, body = data.partition(b"\r\n\r\n")
        return head, body

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
        return json.loads(connection.exchange(request)[1])["Response"]["Result"]["RetMsg"]

    return call


def prepare_signing(settings):
    """The bare script: it signs each request, reads the head, and looks for errors in the answer."""
    connection = Connection(settings, make_context(settings))
    signer = wire.Signer(settings["authority"])

    def call():
        head, body = connection.exchange(wire.build_request(signer))
        if not head.startswith(b"HTTP/1.1 200 ") or read_length(head) != len(body):
            raise ConnectionError("not a whole answer")
        return wire.read_answer(body)

    return call


def prepare_connecting(settings):
    """A new connection for each prebuilt request, the TLS context being ready."""
    context = make_context(settings)
    request = wire.build_request(wire.Signer(settings["authority"]))

    def call():
        connection = Connection(settings, context)
        answer = json.loads(connection.exchange(request)[1])["Response"]["Result"]["RetMsg"]
        connection.close()
        return answer

    return call
