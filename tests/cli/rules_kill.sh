#!/usr/bin/env bash
# kill -9 at many moments: after each restart the report goes on as an
# uninterrupted run over the same recording has it, and the webhook is told
# each notice, with the same id if it is told again.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"

mkdir "$work/rules"
all_rules >"$work/rules/all.yaml"
hook_on
run_it() {
    serve --rules "$work/rules" --webhook "http://127.0.0.1:$hook_port/"
}
kill_it() {
    end KILL
    date +%s.%N >>"$work/kills"
}

# What begins in round N, and what then ends of round N - 1.
begin() {
    local n=$1
    say "{\"hosts\":{\"h$n\":{\"temp\":50}}}
{\"jobs\":{\"$n\":{\"who\":[\"x\",\"y\"],\"items\":{\"x\":{\"\$inc\":3}}}}}
{\"beats\":{\"$n\":{\"name\":$n,\"alive\":{\"\$set\":1,\"\$ttl\":0.3}}}}
{\"level\":\"error\",\"msg\":\"of round $n\"}
{\"hosts\":{\"h$n\":{\"errors\":{\"\$push\":\"e$n\"}}}}
{\"ratio\":{\"a\":4,\"b\":$((n % 2))}}"
}
finish_round() {
    local n=$1
    say "{\"hosts\":{\"h$n\":{\"temp\":20}}}
{\"jobs\":{\"$n\":{\"done\":{\"x\":1},\"items\":{\"y\":{\"\$inc\":1}}}}}"
}

# pour N: lines until the program is gone.
pour() {
    while curl -s --max-time 5 -o /dev/null --data-binary \
        "{\"jobs\":{\"$1\":{\"items\":{\"z\":{\"\$inc\":1}}}}}" \
        "http://127.0.0.1:$port/logs"; do :; done
}

# seen RULE TO INSTANCE: it is in the timeline.
seen() {
    get /report | jq -e --arg rule "$1" --arg to "$2" --arg instance "$3" \
        '.timeline | any(.rule == $rule and .to == $to and
            .instance == $instance)'
}

# From at once until all of it is over, lines on their way or not.  What is
# slept here is the moment of the kill.
run_it || exit
for n in {1..20}; do
    begin "$n"
    [[ $n == 1 ]] || finish_round $((n - 1))
    pourer=
    [[ $((n % 4)) != 0 ]] || { pour "$n" & pourer=$!; }
    sleep "0.$(printf %03d $((n * 41 % 620)))"
    kill_it
    [[ ! $pourer ]] || wait "$pourer"
    run_it || exit
    if [[ $((n % 7)) == 0 ]]; then
        check_replay "after kill $n"
    fi
done
is "kills" "$(wc -l <"$work/kills")" 20
finish_round 20

# And at the moments that count.
say '{"hosts":{"last":{"temp":60}}}'
eventually 10 seen Warm pending last || fail "Warm is not pending"
kill_it
run_it || exit
eventually 10 alert Hot firing || fail "Hot does not fire after a kill"
say '{"jobs":{"last":{"who":["z"]}}}'
eventually 10 seen fetch unanswered last || fail "no intent: $(get /report)"
kill_it
run_it || exit
eventually 10 seen fetch timed_out last || fail "the deadline was forgotten"

all_over() { no_alert Hot && no_alert Burst; }
say '{"hosts":{"last":{"temp":20}},"ratio":{"b":5}}'
eventually 10 all_over || fail "not all of it is over"
check_replay "at the end"
eventually 10 check_notices "$work/kills" ||
    fail "the webhook: $(cat "$work/notices")"
is "items" "$(get /report |
    jq '.counts[] | select(.rule == "items").groups[] |
        select(.labels.host == "x" or .labels.host == "y").value' | xargs)" \
    "60 20"
