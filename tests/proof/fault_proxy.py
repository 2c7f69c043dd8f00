"""A proxy whose tunnels lead to the fault server. Some are refused, and some are cut."""

import random
import select
import socket
import time

from tests.proof.fault_streams import READ_BYTES, reset
from tests.proof.faults import STALL_SECONDS

#: The name that clients ask for; there is no such host.
HOST = "scf.campaign.test"
REFUSALS = (b"407 Proxy Authentication Required", b"403 Forbidden", b"502 Bad Gateway", b"503 Service Unavailable")
#: Of tunnels that are asked for, times the wildness of connections.
REFUSED_FACTOR = 2.0
#: Of tunnels that stand: most of them carry many calls.
CUT_FACTOR = 5.0


def lead(sock: socket.socket, port: int, rng: random.Random, wildness: float) -> None:
    """One connection to the proxy.

    :param port: of the fault server
    """
    head = b""
    while b"\r\n\r\n" not in head:
        data = sock.recv(READ_BYTES)
        if not data:
            return
        head += data
    if not head.startswith("CONNECT {}:443 HTTP/1.1\r\n".format(HOST).encode()):
        raise AssertionError("the proxy was asked for {!r}".format(head[:80]))
    if rng.random() < wildness * REFUSED_FACTOR and not refuse(sock, rng):
        return
    with socket.socket() as onward:
        onward.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)  # so that big requests cannot vanish into it
        onward.connect(("127.0.0.1", port))
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        is_cut = rng.random() < wildness * CUT_FACTOR
        pump(sock, onward, rng, int(10 ** rng.uniform(1, 6.5)) if is_cut else None)


def refuse(sock: socket.socket, rng: random.Random) -> bool:
    """Do not open the tunnel. True if it is opened all the same, later."""
    kind = rng.choice(("status", "status", "junk", "reset", "fin", "stall"))
    if kind == "stall":
        time.sleep(STALL_SECONDS)
        return True
    if kind == "status":
        sock.sendall(b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nno" % rng.choice(REFUSALS))
    elif kind == "junk":
        sock.sendall(b"SSH-2.0\r\n\r\n")
    elif kind == "reset":
        reset(sock)
    return False


def pump(client: socket.socket, server: socket.socket, rng: random.Random, left: "int | None") -> None:
    """Pass bytes on until either side ends.

    :param left: how many are passed on before the tunnel is cut; None for one that is not
    """
    sides = {client.fileno(): (client, server), server.fileno(): (server, client)}
    poll = select.poll()
    for fd in sides:
        poll.register(fd, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            source, sink = sides[fd]
            try:
                data = source.recv(READ_BYTES)
                if left is not None:
                    data_left, left = data[:left], left - len(data)
                    sink.sendall(data_left)
                    if left <= 0:
                        cut(client, server, rng)
                        return
                elif data:
                    sink.sendall(data)
            except OSError:  # what a reset becomes on the other side is up to the proxy
                end(client, server, rng.random() < 0.5)
                return
            if not data:
                return


def cut(client: socket.socket, server: socket.socket, rng: random.Random) -> None:
    if rng.random() < 0.3:
        time.sleep(STALL_SECONDS)
    end(client, server, rng.random() < 0.5)


def end(client: socket.socket, server: socket.socket, is_hard: bool) -> None:
    for sock in (client, server):
        if is_hard:
            reset(sock)
        else:
            sock.close()
