"""The local SCF beside its peers, in one run: ``python -m benchmarks.local [--quick]``, or ``make bench-local``."""
