"""Room 3 of the local SCF: what exists.

``records`` holds the frozen values that describe a version of a function, ``aliases`` the names that lead to versions,
``function`` a function whole, ``catalogue`` keeps functions by region, namespace and name. ``packages`` keeps code that
came as a zip file, ``invocations`` what was called lately.
Nothing here starts a process, reads a request or knows how a function came to be.
May import ``settings`` and nothing else of this package.
"""
