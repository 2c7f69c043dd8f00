"""Draw the plots of RESULTS.md and LOCAL.md anew, without a run.

    python -m benchmarks.plots [FOLDER]     default: docs/images

Writes plot-cpu, plot-calls and plot-latency, each for light and for dark pages. `make bench` and `make bench-local` do
the same at their ends, for their own report.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.plots.files import IMAGES, write_plots

if __name__ == "__main__":
    write_plots(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
