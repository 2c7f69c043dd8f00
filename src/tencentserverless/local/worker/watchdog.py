"""The watchdog of an instance: a shell that ends it when the server is gone. A killed server can end no process.

It waits until the server's end of a pipe closes. Then it kills all processes with the instance's mark, again until it
finds none: some may have started others meanwhile. Last the group; without /proc or a mark the group alone: an empty
mark would be that of every instance. Its own end of the pipe is descriptor 3.
"""

from tencentserverless.local.worker.process_group import MARK_VARIABLE

WATCH = f"""
read -r _ <&3
read -r self _ </proc/self/stat
rounds=20
[ -n "${MARK_VARIABLE}" ] || rounds=0
while [ "$rounds" -gt 0 ]; do
    rounds=$((rounds - 1))
    found=
    for file in $(grep -lsF "{MARK_VARIABLE}=${MARK_VARIABLE}" /proc/[0-9]*/environ); do
        pid=${{file#/proc/}}
        pid=${{pid%/environ}}
        if [ "$pid" != "$self" ] && kill -KILL "$pid"; then
            found=1
        fi
    done
    [ -n "$found" ] || rounds=0
done
kill -KILL 0
"""
