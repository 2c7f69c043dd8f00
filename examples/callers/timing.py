"""Measure the time of calls: the first one starts an instance, the others find it warm. Prints milliseconds."""

import statistics
import time

from tencentserverless.scf import Client

WARM_CALLS = 50


def time_call(client):
    started = time.perf_counter()
    client.invoke("FuncInvoked", data={"a": "b"})
    return (time.perf_counter() - started) * 1000


with Client(region="ap-guangzhou") as client:
    cold = time_call(client)
    warm = [time_call(client) for _ in range(WARM_CALLS)]
print("cold: 1 call, {:.1f} ms".format(cold))
print("warm: {} calls on one connection, median {:.2f} ms".format(WARM_CALLS, statistics.median(warm)))
