"""Turns bytes into requests, and answers into bytes: listeners, connections, TLS, the CONNECT proxy.

It knows no API.
"""
