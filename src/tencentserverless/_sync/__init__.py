"""The face for threads: what performs the effects of ``_core.flow`` with blocking calls.

``net`` owns sockets, ``pool`` the lock and the waiting, ``driver`` obeys flows. The room never imports ``_aio``, whose
files have the same names and the same duties.
"""
