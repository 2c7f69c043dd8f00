"""The commands of ``scf local``, one a file. They run on Linux and macOS."""
