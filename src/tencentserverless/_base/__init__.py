"""The base of the synchronous and the asynchronous client: settings, calls, maps and invocations, without the driving.

``scf`` with ``_sync`` and ``aio`` with ``_aio`` use this package; it imports neither. Its modules, lowest first:
``fork_lock``, ``file_lock``, ``cvm_role``, ``key_objects``, ``arguments``, ``signals``, ``sockets``, ``observer``;
``sole_database`` and ``journal_rows``, which ``journal`` uses; then ``client``, which ``map``, ``invocation`` and
``spawn_map`` use.
"""
