#!/usr/bin/env bash
# run --rules: what is logged becomes alerts, everywhere they can be seen, and
# a webhook is told; the report is that of the recording's replay.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"

mkdir "$work/rules" "$work/data"
all_rules >"$work/rules/all.yaml"
hook_on

# Facts of containers, as they would come from an engine.
"$here/seal" "$work/data/00000001.bwj" <<'JSON'
{"source":1,"blade":"docker","run":"1","mode":"shard","trusted":true}
{"src":1,"seq":1,"ts":1700000000000000000,"line":{"docker":{"containers":{"n1":{"state":"exited","labels":{"role":"node"}},"web":{"state":"exited","labels":{}}}}}}
{"tick":1700000001000000000}
JSON

run_it() {
    serve --rules "$work/rules" --webhook "http://127.0.0.1:$hook_port/hook"
}
run_it || exit
say '{"hosts":{"a":{"temp":20},"b":{"temp":25}}}'
say '{"hosts":{"a":{"temp":41}},"jobs":{"1":{"who":["x","y"],"items":{"x":2}}}}'
eventually 10 alert Warm pending || fail "Warm is not pending: $(get /report)"
eventually 10 alert Hot firing || fail "Hot does not fire: $(get /report)"

is "/report" "$(get /report |
    jq -c '.alerts[] | select(.rule == "Hot") | [.firing, .pending]')" '[1,0]'
like "/report as text" "$(get '/report?format=text')" \
    'Hot: 1 firing, 0 pending'
is "/api/v1/rules" "$(get /api/v1/rules | jq -c '.data.groups[0] | .name,
    (.rules[] | select(.name == "Hot") | .state, .health, .duration)')" \
    $'"all"\n"firing"\n"ok"\n0.3'
is "/state" "$(get '/state?path=monitor.alerts.Hot' | jq -c .firing)" 1
is "the metrics" "$(metric 'bladewatch_rules_last_reload_successful')" 1
get /metrics >"$work/metrics"
is "the alert's metric" "$(metric \
    'bladewatch_alerts{alertname="Hot",group="all",state="firing"}')" 1
if command -v promtool >/dev/null; then
    promtool check metrics <"$work/metrics" >"$work/checked" 2>&1 ||
        fail "promtool: $(cat "$work/checked")"
fi
run "$program" report --url "http://127.0.0.1:$port"
is "report: exit" "$status" 0
like "report" "$out" 'Hot: 1 firing'
run "$program" report --json --url "http://127.0.0.1:$port"
is "report --json: exit" "$status" 0
is "report --json" "$(jq -r '.alerts | length > 0' <<<"$out")" true

eventually 10 taken Hot firing || fail "the webhook is not told: $(told)"
say '{"hosts":{"a":{"temp":20}}}'
eventually 10 taken Hot resolved || fail "the webhook is not told of the end"
is "version 4" "$(jq -c '.body | [.version, .receiver, .status,
    (.groupLabels | type), .commonLabels.alertname]' "$work/told" |
    grep Hot | head -1)" '["4","webhook-1","firing","object","Hot"]'
is "labels and annotations" "$(told 'select(.labels.alertname == "Hot") |
    [.status, .labels.name, .labels.severity,
    .annotations.summary]')" \
    '["firing","a","page","a has 41"]
["resolved","a","page","a has 41"]'
is "when it ended" "$(told 'select(.labels.alertname == "Hot") |
    .endsAt > .startsAt')" $'false\ntrue'

# All the rest of what rules can do, a restart and a reload in the middle.
stream() {
    local n=$1
    say "{\"jobs\":{\"$n\":{\"who\":[\"x\",\"y\"],\"items\":{\"x\":{\"\$inc\":3}}}}}"
    say "{\"beats\":{\"$n\":{\"name\":$n,\"alive\":{\"\$set\":1,\"\$ttl\":0.4}}}}"
    say "{\"hosts\":{\"h$n\":{\"temp\":50}}}"
    say $'{"level":"error","msg":"one"}\n{"level":"error","msg":"two"}\n{"level":"error","msg":"one"}'
    say "{\"jobs\":{\"$n\":{\"done\":{\"x\":1}}}}"
    say '{"ratio":{"a":4,"b":0}}'
    say "{\"hosts\":{\"h$n\":{\"errors\":{\"\$push\":\"e$n\"}}}}"
}
stream 2
eventually 10 alert Unanswered firing || fail "no intent timed out"
say '{"jobs":{"2":{"done":{"y":1},"over":true}},"ratio":{"b":3}}'
check_replay "after the first lines"
is "a container to revive" "$(get /report | jq '.revivals | length')" 1
is "the machine" "$(get /report | jq -c '.machines[0].instances |
    map(select(.key.id == "2") | .phase)')" '["over"]'

stream 3
end KILL
run_it || exit
check_replay "after a restart"
stream 4
sed 's/temp > 30/temp > 45/' "$work/rules/all.yaml" >"$work/new"
mv "$work/new" "$work/rules/all.yaml"
is "a reload" "$(reload)" 200
like "a reload" "$(cat "$work/body")" '1 file, 13 rules: loaded'
stream 5
say '{"hosts":{"a":{"temp":46},"h5":{"temp":40}}}'
eventually 10 alert Hot firing || fail "the new rule does not fire"
say '{"ratio":{"b":5}}'
eventually 10 no_alert Burst || fail "Burst does not end"
check_replay "after a reload"
eventually 10 check_notices || fail "the webhook: $(cat "$work/notices")"
is "who has fired" "$(told .labels.alertname | sort -u | tr -d '\n')" \
    '"Burst""Hot""Old""RuleError""Silent""Unanswered"'

# The recording is the journal's text, whoever reads it.
get /report >"$work/last"
end TERM
cat "$work"/data/*.bwj >"$work/recording.bwj"
run "$program" replay --report --json "$work/recording.bwj"
is "replay of the recorded file: exit" "$status" 0
cmp -s "$work/out" "$work/last" || fail "the recorded file says otherwise"
