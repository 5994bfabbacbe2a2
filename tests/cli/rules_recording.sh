#!/usr/bin/env bash
# A recording that brings its rules replays as it ran; with --rules others are
# used; what this version refuses of them is said.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"

# recording TEXT...: a hand-written one with these rule files, and lines before
# and behind.
recording() {
    echo '{"bladewatch":1}'
    echo '{"source":1,"blade":"b","mode":"shard"}'
    echo '{"src":1,"seq":1,"ts":"2026-11-20T12:00:00Z","line":{"on":true}}'
    for text; do
        jq -nc --arg text "$text" '{rules: 1, zones: "2024a",
            files: [{name: "a.yaml", text: $text}]}'
    done
    echo '{"src":1,"seq":2,"ts":"2026-11-20T12:00:05Z","line":{"n":{"$inc":2}}}'
    echo '{"tick":"2026-11-20T12:00:20Z"}'
}
on='groups: [{name: g, rules: [{alert: On, expr: state.on, for: 3s}]}]'
off='groups: [{name: g, rules: [{alert: Off, expr: "!state.on"}]}]'

recording "$on" >"$work/r.bwj"
run "$program" replay --timeline "$work/r.bwj"
is "exit" "$status" 0
is "stderr" "$err" ''
is "as it ran" "$out" "\
2026-11-20T12:00:00.010Z  alert   On  inactive -> pending
2026-11-20T12:00:03.010Z  alert   On  pending -> firing"
run "$program" replay --report --json "$work/r.bwj"
is "the report" "$(jq -c '[.at, .alerts[0].firing]' <<<"$out")" \
    '["2026-11-20T12:00:20.000000000Z",1]'
run "$program" replay --state "$work/r.bwj"
is "the state" "$out" '{"n":2,"on":true}'

echo "$off" >"$work/off.yaml"
run "$program" replay --report --json --rules "$work/off.yaml" "$work/r.bwj"
is "with --rules: exit" "$status" 0
is "with --rules" "$(jq -c '[.rules[].rule]' <<<"$out")" '["Off"]'
is "with --rules" "$(jq -c '.timeline' <<<"$out")" '[]'

# What comes later replaces what was there: the same rules go on.
recording "$on" "$on" "$off" >"$work/later.bwj"
run "$program" replay --report --json "$work/later.bwj"
is "the last ones" "$(jq -c '[.rules[].rule]' <<<"$out")" '["Off"]'

# Rules this version does not take: those before stay, and the state is right.
refused() {
    run "$program" replay "$@" "$work/old.bwj"
    is "refused $1: exit" "$status" 1
    one_sentence "refused $1" "$err"
    like "refused $1" "$err" 'rules in the recording were not taken'
    like "refused $1" "$err" '--rules gives others'
}
recording "$on" 'groups: [{name: g, rules: [{alarm: On}]}]' >"$work/old.bwj"
refused --state
is "the state" "$out" '{"n":2,"on":true}'
refused --report --json
is "the rules before" "$(jq -c '[.rules[].rule]' <<<"$out")" '["On"]'
run "$program" replay --state --rules "$work/off.yaml" "$work/old.bwj"
is "with others: exit" "$status" 0
is "with others" "$err" ''

# The same in a journal: it starts, and says so; good ones replace them.
mkdir "$work/data"
{
    echo '{"source":1,"blade":"b","run":"0","mode":"shard"}'
    echo '{"src":1,"seq":1,"ts":1700000000000000000,"line":{"on":true}}'
    jq -nc '{rules: 1, zones: "2024a",
        files: [{name: "a.yaml", text: "groups: [{alarm: On}]"}]}'
} | "$here/seal" "$work/data/00000001.bwj"
echo "$on" >"$work/on.yaml"
serve --rules "$work/on.yaml" || exit
eventually 10 alert On firing || fail "they are not replaced: $(get /report)"
is "monitor.rules_refused" "$(get '/state?path=monitor.rules_refused')" 1
like "it is said" "$(cat "$work/server.err")" 'warn rules in the journal .* were not taken'
end TERM

# Lines that are no rules of any version are errors of the recording.
bad() {
    { recording | head -3; echo "$1"; } >"$work/bad.bwj"
    run "$program" replay --state "$work/bad.bwj"
    is "$1: exit" "$status" 1
    is "$1: the state" "$out" '{"on":true}'
    one_sentence "$1" "$err"
}
bad '{"rules":"x"}'
bad '{"rules":1,"files":{}}'
bad '{"rules":1,"files":[{"name":"a.yaml"}]}'
bad '{"rules":1,"zones":7,"files":[]}'
bad '{"rules":1,"files":[{"name":1,"text":""}]}'
