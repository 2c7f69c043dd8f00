"""The command ``scf``.

``main`` is the entry point. It is in Python 3.6 syntax and imports nothing at the top, so that it can name what is
missing. ``command_table`` lists the commands, ``listing`` prints the help of a group without click, ``lazy`` loads the
command that is used, and ``program`` runs it.
``exits`` has the exit codes, and ``extras`` the hint how to install the extra ``local``.

- ``commands``: one command a file, with its options and their help
- ``api``: requests to the API, of the cloud or of a local SCF
- ``deploy``: the template of a new function, and the deployment of functions
- ``output``: everything that is printed
- ``reference``: error codes, sample events and the Chinese of all texts, which need no network

These packages may import the public names of the SDK, ``config``, ``credentials``, and of the local SCF ``serve``,
``errors`` and ``settings``. Modules that take long to load are imported inside the command that needs them.
"""
