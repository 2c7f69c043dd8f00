"""The half of a worker that runs in the user's process, on Python 2.7 and 3.6+: type comments, standard library only.

The modules are linked into one folder under names such as ``_scf_bootstrap``, which no name of user code can meet.
``frames`` is used by both sides.
"""
