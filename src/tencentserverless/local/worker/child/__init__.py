"""The part of a worker that runs in the user's process, on Python 2.7 and 3.6+: type comments, standard library only.

The modules are linked into one folder as ``_scf_bootstrap``, ``_scf_context``, ``_scf_frames`` and ``_scf_library``, so
that no name of user code collides with them. Both sides use ``frames``.
"""
