"""The actions of the API, one family a file: parameter tables in the platform's spelling, handlers, and ``ACTIONS``.

``table`` puts the families together, ``parameters`` reads a request's values into a table, ``lookup`` finds functions.
"""
