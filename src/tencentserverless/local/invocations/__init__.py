"""Faults, history and ledger around every call; and asynchronous invocations: the queue, retries, timers."""
