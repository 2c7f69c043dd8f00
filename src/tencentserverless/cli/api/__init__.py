"""Requests to the API of SCF: one function call, other actions of the API, and checks of the connection."""
