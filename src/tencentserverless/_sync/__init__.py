"""The package of the synchronous client: performs the effects of ``_core.flow`` with blocking calls.

``net`` owns sockets, ``pool`` lends connections, ``driver`` drives flows. This package never imports ``_aio``, whose
files have the same names and the same duties.
"""
