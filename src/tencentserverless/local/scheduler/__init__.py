"""Room 4 of the local SCF: who runs a call.

``plan`` decides and is pure: numbers in, one step out. ``dispatch`` performs the steps on worker processes, ``pool``
and ``job`` are the books that the plan reads, ``quota`` and ``burst`` say who may. One event an instance at a time;
what the platform calls concurrency is here the calls that run or wait. ``queue`` takes asynchronous invocations out of
the database, and ``retries`` decides what becomes of them.
May import ``registry``, ``worker``, ``settings`` and ``keys``; never ``front`` or ``actions``.
"""
