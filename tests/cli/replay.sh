#!/usr/bin/env bash
# replay: the founding example, every instruction, every way to read time.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
replay() { feed "$1" "$program" replay "${@:2}" -; }

replay '{"1":{"foo":"bar"}}
{"2":"bar","1":{"something":"merged"}}' --state
is "the founding example" "$out" '{"1":{"foo":"bar","something":"merged"},"2":"bar"}'
is "its exit status" "$status" 0
is "nothing on stderr" "$err" ''

replay '{"a":1,"b":2}
{"a":null}' --state
is "null erases" "$out" '{"b":2}'

replay '{"n":{"$inc":1}}
{"n":{"$inc":2.5}}
{"m":7}
{"m":{"$inc":1}}' --state
is "counters add up, also onto a number" "$out" '{"m":8,"n":3.5}'

replay '{"n":{"$inc":1}}' --state --split
is "--split shows the blades" "$out" '{"n":{"$counter":{"-":1}}}'

replay '{"l":{"$push":"a"}}
{"l":{"$push":["b","c"]}}
{"o":{"x":1}}
{"o":{"$set":{"y":2}}}
{"$$d":1}' --state
is "push, set, \$\$" "$out" '{"$$d":1,"l":["a","b","c"],"o":{"y":2}}'

replay '{"$ts":1000000000,"k":{"v":{"$inc":4},"$ttl":2}}
{"$ts":2000000000,"x":1}' --state
is "a lease that runs" "$out" '{"k":{"v":4},"x":1}'
replay '{"$ts":1000000000,"k":{"v":{"$inc":4},"$ttl":2}}
{"$ts":2000000000,"x":1}' --state --now 3000000000
is "a lease that ran out banks its total" "$out" \
    '{"$expired":{"v":4},"x":1}'
replay '{"$ts":"1970-01-01T00:00:01Z","a":1}
{"$ts":"1970-01-01T00:00:02Z","b":1}' --state --until 1970-01-01T00:00:01.5Z
is "--until stops" "$out" '{"a":1}'
replay '{"$ts":1000000000,"a":1}
{"$ts":2000000000,"b":1}' --state --until 1500000000
is "--until takes nanoseconds" "$out" '{"a":1}'

replay '{"blade":"b","run":"1","seq":2,"ts":2000,"at":[],"body":{"v":2}}
{"blade":"b","run":"1","seq":1,"ts":1000,"at":[],"body":{"v":1}}
{"blade":"b","run":"1","seq":2,"ts":2000,"at":[],"body":{"v":2}}' \
    --state --format shards
is "shards: sorted and counted once" "$out" '{"v":2}'

replay 'Hello
World' --state
is "a line that is not JSON" "$out" '{"msg":"World"}'
replay '' --state
is "nothing at all" "$out" '{}'

replay '{"t":2000000000,"b":1}
{"t":1000000000,"b":2}
{"t":9000000000,"c":1}' --state --ts-field t --reorder 5s
is "--ts-field and --reorder" "$(jq -c '[.b, .c]' <<<"$out")" '[1,1]'
replay '{"a":1,"b":{"c":2}}' --state --limit nodes=1
is "--limit" "$status" 0
[[ $out != *'"c":2'* ]] || fail "--limit: $out"

printf '{"a":1}\n' >"$work/one.jsonl"
printf '{"b":2}\n' >"$work/two.jsonl"
run "$program" replay --state "$work/one.jsonl" "$work/two.jsonl"
is "two files" "$out" '{"a":1,"b":2}'
run "$program" replay --json "$work/one.jsonl"
is "--json is JSON" "$(jq -e 'type' <<<"$out")" '"object"'

# Where a line stands in time, and what was asked in vain, is said.
lines='{"t":2000000000,"b":1}
{"b":2}'
replay "$lines" --ts-field t
like "a line without a time" "$out" ' 1  lines without a time, put at 1 ms'
is "one has it" "$err" ''
replay "$lines" --ts-field when
like "lines without a time" "$out" ' 2  lines without a time, put at 1 ms'
like "none has it" "$err" 'no line has a time in --ts-field when'
replay "$lines" --ts-field t --state --now 1000000000
like "--now is early" "$err" \
    '--now is before the last line \(1970-01-01T00:00:02.*--until stops there'
replay "$lines" --ts-field t --state --now 2000000000
is "--now is not early" "$err" ''
for what in --report --timeline; do
    replay "$lines" "$what"
    is "$what without rules" "$err" \
        'bladewatch: there are no rules: --rules names them'
    replay "$lines" "$what" --rules <(echo 'groups: []')
    is "$what with an empty list" "$err" ''
done

# Nobody reads on.  The state is larger than a pipe holds.
for i in {1..40}; do
    printf '{"a%d":"%05000d"}\n' "$i" 0
done >"$work/large.jsonl"
"$program" replay --state "$work/large.jsonl" 2>"$work/err" | head -c 1 >"$work/out"
is "head: exit" "${PIPESTATUS[0]}" 1
is "head: said" "$(cat "$work/err")" ''
"$program" replay --state "$work/large.jsonl" 2>"$work/err" >/dev/full
is "a full disk: exit" "$?" 1
is "a full disk: said" "$(cat "$work/err")" \
    'bladewatch: cannot write to standard output'
