"""Room 2 of the local SCF: what each action of the API does, one family a file.

A family's file holds the parameter tables of its actions (msgspec Structs, in the platform's spelling), the handlers,
and ``ACTIONS``, which names both for the router. ``parameters`` turns a JSON body into such a Struct or into the
platform's error; ``lookup`` finds functions, or says helpfully that there is none.
May import ``registry``, ``scheduler``, ``logs``, ``refusals``, ``settings`` and the SDK's ``_core``; never ``front``.
"""
