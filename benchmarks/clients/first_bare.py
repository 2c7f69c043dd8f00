"""The bare script: socket, ssl, json and hashlib, one signed call over TLS."""

import json
import socket
import ssl

import wire


def call(text):
    settings = json.loads(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(settings["ca_file"])
    sock = socket.create_connection((settings["host"], settings["port"]))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock = context.wrap_socket(sock, server_hostname=settings["host"])
    sock.sendall(wire.build_request(wire.Signer(settings["authority"])))
    data = b""
    while not data.endswith(b"}}"):  # the end of the responder's one answer
        more = sock.recv(65536)
        if not more:
            raise ConnectionError(f"the responder hung up after {len(data)} bytes of its answer")
        data += more
    return wire.read_answer(data.partition(b"\r\n\r\n")[2])
