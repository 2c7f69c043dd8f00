"""Call Tencent Cloud functions (SCF) from Python, and run them locally.

Import the public modules that you need: ``scf`` (threads), ``aio`` (asyncio), ``exception`` (errors) and ``models``
(results). This module imports no other, so that ``import tencentserverless`` costs nothing.

The next word stops a warning of pytest about plugins' packages that are imported before it starts: PYTEST_DONT_REWRITE
"""

__version__ = "1.0.0"
