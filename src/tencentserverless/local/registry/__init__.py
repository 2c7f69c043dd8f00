"""Room 3 of the local SCF: what exists.

``records`` holds the frozen values that describe a version of a function, ``aliases`` the names that lead to versions,
``function`` a function whole, ``catalogue`` keeps functions by region, namespace and name. ``packages`` keeps code that
came as a zip file, ``invocations`` what was called lately. ``store`` is the database, ``schema`` its layout;
``tables``, ``history`` and ``events`` are all the SQL there is, ``encoding`` what values look like in it, and
``reconcile`` puts together what it kept and what the folders hold.
Nothing here starts a process, reads a request or knows how a function came to be.
May import ``settings`` and nothing else of this package.
"""
