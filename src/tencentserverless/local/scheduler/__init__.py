"""Room 4 of the local SCF: who runs a call.

``plan`` decides and is pure: numbers in, one step out. ``instances`` performs the steps on worker processes and keeps
the books that the plan reads. One event an instance at a time; what the platform calls concurrency is here the calls
that run or wait.
May import ``registry.records``, ``worker``, ``settings`` and ``keys``; never ``front`` or ``actions``.
"""
