"""The layout of the database, and how one of an older version becomes one of today's.

A migration is a list of statements that is never changed once it has been published; a new layout is a new one at the
end. ``user_version`` of a database says how many it has seen.
"""

APPLICATION_ID = 0x53434653  # "SCFS": whose database it is

_FIRST = (
    """
    CREATE TABLE functions (
        region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (region, namespace, name)
    )
    """,
    """
    CREATE TABLE namespaces (
        region TEXT NOT NULL, name TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (region, name)
    )
    """,
    """
    CREATE TABLE invocations (
        number INTEGER PRIMARY KEY,
        region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
        request_id TEXT NOT NULL,
        started_at REAL NOT NULL,
        memory_mb INTEGER NOT NULL,
        status INTEGER NOT NULL,
        message TEXT NOT NULL,
        duration_ms REAL NOT NULL,
        memory_bytes INTEGER NOT NULL,
        output TEXT NOT NULL,
        size INTEGER NOT NULL
    )
    """,
    "CREATE INDEX invocations_by_function ON invocations (name, namespace, region, started_at)",
    "CREATE INDEX invocations_by_request ON invocations (request_id)",
    "CREATE INDEX invocations_by_size ON invocations (number, size)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
