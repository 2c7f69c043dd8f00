"""What both faces share: the client's settings, calls, maps and invocations without the way they are driven.

``scf`` with ``_sync`` and ``aio`` with ``_aio`` stand on it; it knows neither. Leaves first: ``fork_lock``,
``file_lock``, ``cvm_role``, ``key_objects``, ``arguments``, ``signals``, ``sockets``, ``observer``;
``sole_database`` and ``journal_rows``, on which ``journal`` stands; then ``client``, and on it ``map``, ``invocation``
and ``spawn_map``.
"""
