#!/usr/bin/env bash
# kill -9 while lines pour in: everything acknowledged is there, and what was
# in flight is there once or not at all.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

# Posts numbered lines, and notes the number of each that was acknowledged.
pour() {
    local n=$1 code
    while :; do
        n=$((n + 1))
        code=$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' \
            --data-binary "{\"seen\":{\"$n\":{\"\$inc\":1}}}" \
            "http://127.0.0.1:$port/logs")
        [[ $code == 200 ]] || break
        echo "$n"
    done
}
enough() { [[ $(wc -l <"$work/acknowledged.$round") -ge 15 ]]; }

for round in 1 2 3; do
    serve || exit
    pour $((round * 1000)) >"$work/acknowledged.$round" &
    pourer=$!
    eventually 20 enough || fail "no lines are taken"
    end KILL
    wait "$pourer"
done

serve || exit
get /state | jq -r '.seen | to_entries[] | "\(.key) \(.value)"' |
    sort -n >"$work/seen"
awk '$2 != 1 { print; bad = 1 } END { exit bad }' "$work/seen" ||
    fail "some lines were counted twice"
cut -d' ' -f1 "$work/seen" | sort >"$work/keys"
lost=$(sort "$work"/acknowledged.* | comm -23 - "$work/keys")
is "acknowledged and lost" "$lost" ''
state >"$work/before"
end TERM
run "$program" replay --state "$work/data"
is "the replay" "$(jq -cS . <<<"$out")" "$(cat "$work/before")"
