"""Room 1 of the local SCF: from bytes to an action, and back.

``doors`` binds the sockets, ``server`` is the ASGI application and its uvicorn, and ``protocol`` answers what is no
request. ``forms`` and ``flat`` read the forms that a request can have, ``claims`` and ``auth`` check signatures,
``router`` finds the handler of an action and ``envelope`` writes the answer. ``tls`` and ``authority`` are for HTTPS,
``tunnel`` is for clients that know only ``hosts`` of the cloud; they load when they are asked for. What an action does
is not known here.
May import ``actions``, ``keys``, ``refusals``, ``settings``, ``state`` and the SDK's ``_core``; never ``scheduler`` or
``worker``.
"""
