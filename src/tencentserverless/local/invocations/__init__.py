"""Everything around a call: faults, history and the ledger; and calls without a caller: the queue, retries, timers."""
