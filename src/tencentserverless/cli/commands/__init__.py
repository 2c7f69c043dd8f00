"""The verbs of ``scf``, one a file.

A file holds one click command: its options, their help, and the call into the room that does the work. Nothing is
computed here and nothing printed but by ``output``. Heavy rooms are imported inside the command.
May import the rooms of ``cli`` around it, public names of the SDK, ``local.app`` and ``local.settings``.
"""
