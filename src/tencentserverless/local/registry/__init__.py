"""Room 3 of the local SCF: what exists.

``records`` holds the frozen values that describe a function, ``catalogue`` keeps them by region, namespace and name.
Nothing here starts a process, reads a request or knows how a function came to be.
May import ``settings`` and nothing else of this package.
"""
