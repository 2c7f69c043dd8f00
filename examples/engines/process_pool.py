"""Call a function from many processes of one machine: a handle is pickled, and each process has its own connections.

Run it against the local SCF: scf local start examples/functions
"""

from concurrent.futures import ProcessPoolExecutor

from tencentserverless.scf import Client

CALLS = 40


def call(function, number):
    """Call the function in a process of the pool."""
    return function(data={"number": number})


if __name__ == "__main__":
    with Client(region="ap-guangzhou") as client, ProcessPoolExecutor(2) as pool:
        functions = [client.FuncInvoked] * CALLS
        answers = list(pool.map(call, functions, range(CALLS), chunksize=10))
    print("{} answers, all the same: {}".format(len(answers), len(set(answers)) == 1))
    print("first: {}".format(answers[0]))
