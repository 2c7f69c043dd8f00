"""Runs ``python -m tencentserverless`` as ``scf``, where Tencent's old ``scf`` package owns that command's name."""

import sys

from tencentserverless.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
