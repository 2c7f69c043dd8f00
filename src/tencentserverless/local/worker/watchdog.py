"""The watchdog of an instance: a shell that ends it when the server is gone. A killed server can end no process.

It waits until the server's end of a pipe closes. Then it kills all processes with the instance's mark, and the group;
without /proc or a mark only the group: an empty mark would be that of every instance. Its own end of the pipe is
descriptor 3.
"""

from tencentserverless.local.worker.process_group import MARK_VARIABLE

WATCH = f"""
read -r _ <&3
read -r self _ </proc/self/stat
[ -z "${MARK_VARIABLE}" ] || for file in $(grep -lsF "{MARK_VARIABLE}=${MARK_VARIABLE}" /proc/[0-9]*/environ); do
    pid=${{file#/proc/}}
    pid=${{pid%/environ}}
    [ "$pid" = "$self" ] || kill -KILL "$pid"
done
kill -KILL 0
"""
