"""Call Tencent Cloud functions (SCF) from Python, and run them locally.

Import what you need from the rooms that are public: ``scf`` (threads), ``exception`` (what can go wrong) and
``models`` (what comes back). This module imports nothing, so that ``import tencentserverless`` costs nothing.
"""

__version__ = "1.0.0"
