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
        retry_number INTEGER NOT NULL,
        size INTEGER NOT NULL
    )
    """,
    "CREATE INDEX invocations_by_function ON invocations (name, namespace, region, started_at)",
    "CREATE INDEX invocations_by_request ON invocations (request_id)",
    "CREATE INDEX invocations_by_size ON invocations (number, size)",
)

_ASYNCHRONOUS = (
    """
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        request_id TEXT NOT NULL,
        region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,
        origin TEXT NOT NULL,
        payload BLOB NOT NULL,
        pushed_at REAL NOT NULL,
        due_at REAL NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        is_traced INTEGER NOT NULL
    )
    """,
    "CREATE INDEX events_by_function ON events (name, namespace, region, number)",
    "CREATE INDEX events_by_request ON events (request_id)",
    """
    CREATE TABLE traces (
        request_id TEXT PRIMARY KEY,
        region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
        origin TEXT NOT NULL, qualifier TEXT NOT NULL,
        status TEXT NOT NULL, status_code INTEGER NOT NULL,
        started_at REAL NOT NULL, ended_at REAL
    )
    """,
    "CREATE INDEX traces_by_function ON traces (name, namespace, region)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _ASYNCHRONOUS)
