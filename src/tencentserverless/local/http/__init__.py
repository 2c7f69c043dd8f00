"""Bytes to requests and back: listeners, connections, TLS, and the proxy for CONNECT. The API is not known here."""
