#!/usr/bin/env bash
# kill -9 at any moment: every decision is recorded once, also one that was
# made and could not be written; an order is not begun twice; attempts go on.
# shellcheck source=tests/cli/engine.bash
. "$(dirname "$0")/engine.bash"

nodes "backoff: 500ms, verify_after: 500ms, attempts: 50, breaker: off"
engine_on
happens add scraper role=node
happens add spotter role=node

# again: the log goes on in $work/all.err.
again() {
    [[ ! -e $work/server.err ]] || cat "$work/server.err" >>"$work/all.err"
    watch || exit
}

# recorded: the ordinals of decisions in the state are 1, 2, ... up to the
# one that is said to be the last, and every order has one result.
recorded() {
    at 'decisions | map(.[].ordinal) | sort' >"$work/ordinals"
    jq -cn --argjson n "$(at audit.ordinal)" '[range(1; $n + 1)]' |
        cmp - "$work/ordinals"
}
check_recorded() {
    eventually 15 recorded ||
        fail "$1: decisions $(cat "$work/ordinals") of $(at audit.ordinal)"
}

# What was decided at a tick that is on disk, and not written: cut off the
# journal what came after that tick.
again
happens die scraper 3
logs "NODE DOWN scraper"
becomes audit.ordinal 1
end KILL
segments=("$work"/data/*.bwj)
python3 - "${segments[-1]}" <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
at = data.index(b'"audit":{"ordinal":1}')
seal = data.rindex(b'\n{"seal"', 0, at)
with open(sys.argv[1], "r+b") as f:
    f.truncate(data.index(b"\n", seal + 1) + 1)
PY
again
logs "warn NODE DOWN scraper \([0-9a-f]{12}\): exited with code 3; looked at again in 2 s \(decided at 20[0-9T:.-]+Z\)$"
check_recorded "after the cut"
logs "NODE RECOVERED scraper"
end TERM
again
sleep 1
is "what is known is not told again" "$(grep -c 'NODE' "$work/server.err")" 0
check_recorded "after another start"

# At any moment.
for round in {1..12}; do
    happens die "$( ((round % 2)) && echo scraper || echo spotter)" "$round"
    sleep "$(awk -v seed="$RANDOM" 'BEGIN { srand(seed); print 3 * rand() }')"
    end KILL
    again
done
well() { [[ $(get /containers | jq -c 'map(.revival.state) | unique') == \
    '["ok"]' ]]; }
eventually 30 well || fail "they are $(get /containers | jq -c 'map(.revival)')"
check_recorded "at the end"
decided=$(at 'decisions | map(.[]) | map(select(.to == "suspect")) | length')
end TERM
cat "$work/server.err" >>"$work/all.err"
[[ $(grep -c "NODE DOWN" "$work/all.err") -ge $decided && $decided -ge 6 ]] ||
    fail "$decided falls, $(grep -c "NODE DOWN" "$work/all.err") in the log"
"$program" replay "$work/data" --timeline --json >"$work/timeline"
# One that was given back is ordered again without another word, so orders are
# known by their results: each has one, and none was carried out twice.
results=$(grep -h '"docker":{"acts"' "$work"/data/*.bwj |
    grep -o '"order":"[^"]*"')
orders=$(wc -l <<<"$results")
is "orders with one result" "$(sort -u <<<"$results" | wc -l)" "$orders"
[[ $(grep -c '"to":"acting"' "$work/timeline") -le $orders ]] ||
    fail "$orders results, fewer than the orders that were told"
[[ $(posts) -le $orders ]] || fail "$orders orders, $(posts) posts"
watch || exit
check_replay "after all"
end TERM
