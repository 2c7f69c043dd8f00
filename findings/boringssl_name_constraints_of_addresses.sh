#!/bin/sh
# curl_cffi 0.17.0 (libcurl on BoringSSL), cryptography 46.0.3; Python 3.11
#
# A certificate with an IP address among its names, below an authority whose name constraints hold IP ranges, is refused
# by BoringSSL, although the address is in a permitted range: BoringSSL can't check constraints of addresses, and says so
# for every name of the certificate, a host name too. OpenSSL accepts the same chain. So a private authority that limits
# itself by RFC 5280 can't serve clients on BoringSSL (Bun, Dart, gRPC, Chrome's own stack on Android) by address, unless
# its constraints hold names alone. Bun 1.4.5 says UNSUPPORTED_CONSTRAINT_TYPE.
#
# Seen 2026-11-30:
#   constraints of names and addresses: OpenSSL takes localhost, BoringSSL refuses localhost (unsupported name constraint type)
#   constraints of names alone: OpenSSL takes localhost, BoringSSL takes localhost
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet curl_cffi==0.17.0 cryptography==46.0.3
cat > "$folder/ask.py" <<'PYTHON'
import datetime
import ipaddress
import socket
import ssl
import sys
import threading
import urllib.request
from pathlib import Path

import curl_cffi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder = Path(sys.argv[1])
now = datetime.datetime.now(datetime.timezone.utc)
PEM = serialization.Encoding.PEM


def certify(name, issuer, key, signer, *extensions):
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, issuer)]
    builder = x509.CertificateBuilder(*reversed(names), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(9))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=not isinstance(extension, x509.SubjectAlternativeName))
    return builder.sign(signer, hashes.SHA256()).public_bytes(PEM)


def chain(constraints):
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    limits = x509.NameConstraints(constraints, None)
    (folder / "root.pem").write_bytes(certify("root", "root", root, root, x509.BasicConstraints(True, 0), limits))
    key = leaf.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "leaf.pem").write_bytes(certify("leaf", "root", leaf, root, x509.SubjectAlternativeName(names)) + key)


def answer(listener, context):
    while True:
        sock, _ = listener.accept()
        try:
            with context.wrap_socket(sock, server_side=True) as opened:
                opened.recv(65536)
                opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except OSError:
            pass


def by_openssl(url):
    urllib.request.urlopen(url, context=ssl.create_default_context(cafile=folder / "root.pem")).close()
    return "takes localhost"


def by_boringssl(url):
    try:
        curl_cffi.get(url, verify=str(folder / "root.pem"))
    except curl_cffi.exceptions.CertificateVerifyError as error:
        return "refuses localhost (" + str(error).partition("result: ")[2].partition(" (")[0] + ")"
    return "takes localhost"


name, address = x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_network("127.0.0.0/8"))
for words, constraints in (("names and addresses", [name, address]), ("names alone", [name])):
    chain(constraints)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=answer, args=(listener, context), daemon=True).start()
    url = "https://localhost:{}/".format(listener.getsockname()[1])
    print("constraints of {}: OpenSSL {}, BoringSSL {}".format(words, by_openssl(url), by_boringssl(url)))
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" "$folder" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
constraints of names and addresses: OpenSSL takes localhost, BoringSSL refuses localhost (unsupported name constraint type)
constraints of names alone: OpenSSL takes localhost, BoringSSL takes localhost
TEXT
diff "$folder/expected" "$folder/seen"
