"""Turns a request into an answer: format, signature, action, envelope; and the server's own endpoint."""
