"""The package of the asynchronous client: performs the effects of ``_core.flow`` without blocking the loop.

``net`` owns transports, ``pool`` belongs to one running loop, ``driver`` drives flows. This package never imports
``_sync``, whose files have the same names and the same duties.
"""
