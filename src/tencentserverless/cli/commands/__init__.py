"""The commands of ``scf``, one a file; the commands of ``scf local`` are in ``local``.

A file holds one click command: its options, their help, and the call of the code that does the work. Commands print
through ``output.printing`` alone. Modules that take long to load are imported inside the command.
"""
