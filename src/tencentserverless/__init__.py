"""Call Tencent Cloud functions (SCF) from Python, and run them locally.

Import what you need from the rooms that are public: ``scf`` (threads), ``exception`` (what can go wrong) and
``models`` (what comes back). This module imports nothing, so that ``import tencentserverless`` costs nothing.

A word to pytest, which warns of the packages of plugins that are imported before it starts: PYTEST_DONT_REWRITE
"""

__version__ = "1.0.0"
