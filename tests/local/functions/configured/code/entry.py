import os
import sys
import time


def handle(event, context):
    return {"context": context, "environ": dict(os.environ), "zone": time.tzname[0], "path": sys.path}
