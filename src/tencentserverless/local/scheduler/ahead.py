"""Calls that are handed over before the instance is free.

A worker that waits for its next call sleeps, and waking it costs more than a short call. Where calls are known to be
short, the next ones wait in its channel; the worker reads one when it begins it. Until then a call can be taken back,
and is, as soon as the one before it turns out to be long.
"""

from tencentserverless.local.scheduler.instances import Instance
from tencentserverless.local.scheduler.pool import Pool
from tencentserverless.local.settings import Limits

_LONG_MEANS = 2.0  # times the longest mean of calls that are handed over ahead


def is_short(pool: Pool, limits: Limits) -> bool:
    """Whether a function's calls are known to be so short that the next one is handed over ahead."""
    is_alone = pool.record.runs_async or pool.is_debugged  # whose calls are ended, or stopped, one by one
    return pool.mean_seconds is not None and pool.mean_seconds <= limits.ahead_seconds and not is_alone


def hand_over(pool: Pool, instance: Instance, limits: Limits) -> bool:
    """Hand waiting calls over to an instance that runs one. Whether it could be worth a try at all."""
    if not is_short(pool, limits) or not instance.jobs or instance.is_doomed:
        return False
    while pool.waiting and instance.worker.queued < limits.ahead_calls:
        job = pool.waiting[0]
        if job.nested or job.ends_instance or not (job.is_over or instance.queue(job)):
            break  # who holds an instance until it is served must not stand behind somebody
        pool.waiting.popleft()
    return True


def take_back(pool: Pool, limits: Limits) -> bool:
    """Take back what waits behind a call that turns out to be long. Whether anything has been handed over ahead."""
    has_queued = False
    for instance in pool.instances:
        if instance.worker.queued:
            has_queued = True
            if instance.worker.running_seconds > limits.ahead_seconds * _LONG_MEANS:
                instance.worker.take_back()
    return has_queued
