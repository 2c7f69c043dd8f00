"""Side-by-side measurements against peers and the floor: ``python -m benchmarks [--quick]``, or ``make bench``."""
