"""The local SCF beside functions-framework, in one run: ``make bench-local``."""
