"""The face for asyncio: what performs the effects of ``_core.flow`` without blocking the loop.

``net`` owns transports, ``pool`` belongs to one running loop, ``driver`` obeys flows. The room never imports
``_sync``, whose files have the same names and the same duties.
"""
