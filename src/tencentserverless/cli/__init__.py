"""The command ``scf``: what people type.

``main`` is the entry, in Python 3.6 syntax and without imports, so that it can say what is missing. ``table`` lists the
commands, ``lazy`` loads the one that is used, ``program`` runs it. ``commands/`` holds one verb a file; the work of the
larger ones has a file of its own beside it: ``calling``, ``deploying``, ``checkup``. ``target`` says where a command
goes, ``server`` finds a local SCF that runs, ``api`` asks what is not a call, ``payload`` reads events. ``output``
alone prints, ``failures`` has the words of what went wrong and ``exits`` the codes.
May import public names of the SDK, ``config``, ``credentials``, ``local.app`` and ``local.settings``, heavy ones only
inside the command that needs them.
"""
