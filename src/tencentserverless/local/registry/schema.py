"""The layout of the database, and the migrations from older layouts.

A migration is a list of statements that is never changed after its release; a new layout is a new migration at the end.
``user_version`` of a database is the number of migrations that it has seen.
"""

APPLICATION_ID = 0x53434653  # "SCFS": marks a database of a local SCF

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

#: Events get a state (see ``event_states``), which older servers did not store: events that they had taken out are
#: queued again. Results of functions with AsyncRunEnable stay in their own row. The payload is the last column, so that
#: the columns before it are read without it.
_STATES = (
    "DROP INDEX events_by_function",
    "DROP INDEX events_by_request",
    "ALTER TABLE events RENAME TO old_events",
    """
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        state TEXT NOT NULL DEFAULT 'QUEUED',
        request_id TEXT NOT NULL,
        region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,
        origin TEXT NOT NULL,
        pushed_at REAL NOT NULL,
        due_at REAL,
        tries INTEGER NOT NULL DEFAULT 0,
        is_traced INTEGER NOT NULL,
        is_orphaned INTEGER NOT NULL DEFAULT 0,
        status_code INTEGER NOT NULL DEFAULT 0,
        ended_at REAL,
        error TEXT NOT NULL DEFAULT '',
        payload BLOB NOT NULL
    )
    """,
    """
    INSERT INTO events (number, state, request_id, region, namespace, name, qualifier, origin, pushed_at, due_at, tries,
        is_traced, payload)
    SELECT number, CASE WHEN due_at > pushed_at THEN 'WAITING_RETRY' ELSE 'QUEUED' END, request_id, region, namespace,
        name, qualifier, origin, pushed_at, due_at, tries, is_traced, payload
    FROM old_events ORDER BY number
    """,
    """
    INSERT INTO events (state, request_id, region, namespace, name, qualifier, origin, pushed_at, is_traced,
        status_code, ended_at, payload)
    SELECT CASE status WHEN 'FINISHED' THEN 'SUCCEEDED' WHEN 'FAILED' THEN 'FAILED' ELSE 'ABORTED' END, request_id,
        region, namespace, name, qualifier, origin, started_at, 1, status_code, coalesce(ended_at, started_at), x''
    FROM traces WHERE request_id NOT IN (SELECT request_id FROM old_events)
    """,
    "DROP TABLE old_events",
    "DROP TABLE traces",
    "CREATE INDEX events_queued ON events (name, namespace, region, number) WHERE state = 'QUEUED'",
    "CREATE INDEX events_due ON events (due_at) WHERE state = 'WAITING_RETRY'",
    "CREATE INDEX events_dead ON events (number) WHERE state = 'DEAD'",
    "CREATE INDEX events_traced ON events (name, namespace, region) WHERE is_traced = 1",
    "CREATE INDEX events_ended ON events (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX events_by_request ON events (request_id)",
)

_LAYERS = (
    """
    CREATE TABLE layers (
        region TEXT NOT NULL, name TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (region, name)
    )
    """,
)

#: Names are in lower case.
_CUSTOM_DOMAINS = ("CREATE TABLE custom_domains (name TEXT PRIMARY KEY, value BLOB NOT NULL)",)

#: The URL of a version or alias is never another one: a row outlives the trigger that it was made for.
_URLS = (
    """
    CREATE TABLE urls (
        id TEXT PRIMARY KEY,
        region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,
        UNIQUE (region, namespace, name, qualifier)
    )
    """,
)

#: Ended calls get their event, and facts: one JSON text of what no list is filtered by, because each column costs every
#: call. Long texts come last, so that what lists need is read without them; longer ones have a table of their own.
_WHOLE_CALLS = (
    "DROP INDEX invocations_by_function",
    "DROP INDEX invocations_by_request",
    "DROP INDEX invocations_by_size",
    "ALTER TABLE invocations RENAME TO old_invocations",
    """
    CREATE TABLE invocations (
        number INTEGER PRIMARY KEY,
        region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
        request_id TEXT NOT NULL,
        started_at REAL NOT NULL,
        status INTEGER NOT NULL,
        duration_ms REAL NOT NULL,
        memory_bytes INTEGER NOT NULL,
        facts TEXT NOT NULL,
        size INTEGER NOT NULL,
        message TEXT NOT NULL,
        output TEXT NOT NULL,
        event TEXT
    )
    """,
    """
    INSERT INTO invocations
    SELECT number, region, namespace, name, request_id, started_at, status, duration_ms, memory_bytes,
        json_array(version, memory_mb, retry_number, '', 0.0, 0.0, 0, 0, NULL), size, message, output, NULL
    FROM old_invocations ORDER BY number
    """,
    "DROP TABLE old_invocations",
    "CREATE INDEX invocations_by_function ON invocations (name, namespace, region, started_at)",
    "CREATE INDEX invocations_by_request ON invocations (request_id)",
    "CREATE INDEX invocations_by_size ON invocations (number, size)",
    """
    CREATE TABLE long_texts (
        number INTEGER PRIMARY KEY,
        request_id TEXT NOT NULL, retry_number INTEGER NOT NULL, part TEXT NOT NULL,
        size INTEGER NOT NULL,
        value TEXT NOT NULL
    )
    """,
    "CREATE INDEX long_texts_by_request ON long_texts (request_id)",
    "CREATE INDEX long_texts_by_size ON long_texts (number, size)",
    "ALTER TABLE events ADD COLUMN mark TEXT NOT NULL DEFAULT ''",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    *(_FIRST, _ASYNCHRONOUS, _STATES, _LAYERS, _CUSTOM_DOMAINS, _URLS),
    _WHOLE_CALLS,
)
