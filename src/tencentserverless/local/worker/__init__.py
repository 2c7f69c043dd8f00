"""Room 5 of the local SCF: the processes that run user code.

Parent side (Python 3.10+): ``process`` (one worker process and its channel), ``interpreters`` (which Python a Runtime
name means), ``environment`` (what a worker may see) and ``support`` (the folder from which children import).
Child side (Python 2.7 and 3.6+, type comments, standard library and this folder only): ``bootstrap``, ``context`` and
``frames``; the last is shared by both sides. In the child these are called ``_scf_bootstrap``, ``_scf_context`` and
``_scf_frames``, so that no name of user code can meet them.
The parent side may import ``registry.records``, ``settings``, ``keys`` and ``logs``; never ``front`` or ``actions``.
"""
