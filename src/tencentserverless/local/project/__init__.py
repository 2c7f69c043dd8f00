"""What a folder on disk says about functions: ``scf local start PATH`` reads it here, once.

``discovery`` looks for functions, ``manifest`` reads a ``serverless.yml`` of ``component: scf``, ``nodes`` is YAML with
line numbers. The result is records for the registry and notices for the terminal; nothing is kept.
May import ``registry.records``, ``settings`` and ``worker.interpreters`` (for the names of runtimes).
"""
