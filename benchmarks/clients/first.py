"""The first result of a new process, and its memory then. Each client's code is a module, compiled beforehand.

python first.py CLIENT SETTINGS
"""

import sys


def main():
    module, _, name = sys.argv[1].partition(":")
    call = getattr(__import__(module), name)
    answer = call(sys.argv[2])
    sys.stdout.write(answer + "\n")
    sys.stdout.flush()
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - pathlib would weigh on what is measured
        pages = int(statm.read().split()[1])
    sys.stdout.write(f"{pages}\n")


main()
