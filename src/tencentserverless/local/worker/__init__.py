"""Room 5 of the local SCF: the processes that run user code.

Parent side (Python 3.10+): ``runner`` (what every kind of worker can do), ``process`` (a worker of Python code and its
channel), ``custom`` (a worker of a custom runtime) with ``runtime_api`` and ``runtime_http`` (what its bootstrap talks
to), ``group`` (a worker's processes), ``interpreters`` (which Python a Runtime name means), ``environment`` (what a
worker may see) and ``support`` (the folder from which children import).
Child side (Python 2.7 and 3.6+, type comments, standard library and this folder only): ``bootstrap``, ``context`` and
``frames``; the last is shared by both sides. In the child these are called ``_scf_bootstrap``, ``_scf_context`` and
``_scf_frames``, so that no name of user code can meet them.
The parent side may import ``registry.records``, ``settings``, ``keys`` and ``logs``; never ``front`` or ``actions``.
"""
