#!/bin/sh
# Works for a while, then dies.
#   DIES_AFTER       rounds it lives; 0: does not die (20)
#   DEATHS           lives that end so, if it is started again; 0: each (0)
#   EXIT             its exit code then (3)
# shellcheck source=cluster/blade.sh
. /blade/blade.sh

deaths=$(cat /tmp/deaths 2>/dev/null || echo 0)
if [ "${DEATHS:-0}" != 0 ] && [ "$deaths" -ge "$DEATHS" ]; then
    DIES_AFTER=0
fi
hello
while next_round; do
    if [ "$round" = "${DIES_AFTER:-20}" ]; then
        echo $((deaths + 1)) >/tmp/deaths
        say "$host" errors '{"$push":{"msg":"out of memory"}}'
        echo "out of memory" >&2
        exit "${EXIT:-3}"
    fi
done
idle
