"""Room 1 of the local SCF: from bytes to an action, and back.

``server`` is the ASGI application and its uvicorn, ``auth`` checks signatures, ``router`` finds the handler of an
action and ``envelope`` writes the answer. What an action does is not known here.
May import ``actions``, ``keys``, ``refusals``, ``settings`` and the SDK's ``_core``; never ``scheduler`` or ``worker``.
"""
