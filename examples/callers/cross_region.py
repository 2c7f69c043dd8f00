"""Call a function in Chengdu, which calls FuncInvoked in Guangzhou. Prints what it returned, then its log."""

import sys

from tencentserverless.scf import Client

with Client(region="ap-chengdu") as client:
    result = client.invoke(sys.argv[1], log_type="Tail")
    print(result)
    print("--- log of {} ---".format(sys.argv[1]))
    print(result.log.rstrip())
