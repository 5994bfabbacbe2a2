#!/bin/sh
# Works for a while, then dies.
#   DIES_AFTER       rounds it lives; 0: does not die (20)
#   EXIT             its exit code then (3)
# shellcheck source=cluster/blade.sh
. /blade/blade.sh

hello
while next_round; do
    if [ "$round" = "${DIES_AFTER:-20}" ]; then
        say "$host" errors '{"$push":{"msg":"out of memory"}}'
        echo "out of memory" >&2
        exit "${EXIT:-3}"
    fi
done
idle
