# What every blade of the little cluster does.  Sourced by the others.
#
# A blade logs shards: JSON lines that bladewatch merges into one state, as
# the orchestrator's intents and the other blades' answers to them.  Knobs, by
# environment:
#   PAUSE          seconds between two rounds (1)
#   ROUNDS         rounds before it says "done" and idles; 0: never (0)
#   LEASE          seconds for which it counts as alive without a word (5)
# shellcheck shell=sh

host=$(hostname)
round=0

# A shell that is process 1 is not ended by a signal it does not handle, and
# handles none while a command runs in the foreground.
trap 'exit 0' TERM INT
nap() {
    sleep "$1" &
    wait $!
}

# say KEY... VALUE: {"KEY":{"KEY":VALUE}}
say() {
    head=
    tail=
    while [ $# -gt 1 ]; do
        head="$head{\"$1\":"
        tail="$tail}"
        shift
    done
    printf '%s%s%s\n' "$head" "$1" "$tail"
}

hello() {
    say "$host" msg '"Hello World"'
}

# Alive as long as it says so: the lease runs out and the key is forgotten.
heartbeat() {
    say "$host" alive "{\"\$set\":$round,\"\$ttl\":${LEASE:-5}}"
}

# Ends a round; false when that was the last one.
next_round() {
    round=$((round + 1))
    heartbeat
    if [ "${ROUNDS:-0}" -gt 0 ] && [ "$round" -ge "$ROUNDS" ]; then
        say "$host" msg '"done"'
        return 1
    fi
    nap "${PAUSE:-1}"
}

idle() {
    while :; do
        nap 3600
    done
}
