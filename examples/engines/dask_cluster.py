"""Call a function from a Dask cluster: here one of processes on this machine, elsewhere the cluster that you have.

The client is pickled with the work, and each worker process has connections of its own. An error of a worker comes
back with all its fields. Run it against the local SCF: scf local start examples/functions
"""

import dask.bag
from distributed import Client as Cluster
from distributed import LocalCluster

from tencentserverless.exception import ResourceNotFound
from tencentserverless.scf import Client

CALLS = 40


def call(number, function):
    """Call the function in a worker of the cluster."""
    return function(data={"number": number}).json()


def main():
    """Fan out three ways, on two worker processes of four threads each."""
    local = LocalCluster(2, threads_per_worker=4, dashboard_address=None, silence_logs="CRITICAL")
    with Client(region="ap-guangzhou") as client, local, Cluster(local) as cluster:
        futures = cluster.map(call, range(CALLS), function=client.FuncInvoked)
        print("client.map: {} answers".format(len(cluster.gather(futures))))

        bag = dask.bag.from_sequence(range(CALLS), npartitions=4).map(call, function=client.FuncInvoked)
        print("dask.bag: {}".format(bag.frequencies().compute()))

        try:
            cluster.submit(call, 0, function=client["no-such-function"]).result()
        except ResourceNotFound as error:
            print("an error comes back: {}, executed: {}".format(error.code, error.executed.value))


if __name__ == "__main__":
    main()
