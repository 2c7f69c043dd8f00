"""The command ``scf``: what people type.

``main`` is the entry, in Python 3.6 syntax and without imports, so that it can say what is missing; ``program`` puts
the commands together, ``commands/`` holds one verb a file, ``output`` alone prints failures and ``exits`` names the
exit codes.
May import public names of the SDK, ``config``, ``credentials``, ``local.app`` and ``local.settings``, heavy ones only
inside the command that needs them.
"""
