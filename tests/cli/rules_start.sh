#!/usr/bin/env bash
# Starting with rules that are broken, others than before, or none; rules that
# fail while they run.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"
unset BLADEWATCH_RULES

# file NAME RULES: a rule file in $work.
file() {
    printf 'groups:\n  - name: g\n    rules:\n%s\n' "$2" >"$work/$1"
}
file on.yaml '      - alert: On
        expr: state.on'
file two.yaml '      - alert: On
        expr: state.on
      - alert: Two
        expr: state.two'
file bad.yaml '      - alert: On
        expr: state.on &&
      - alert: Off
        exprs: "!state.on"'
mkdir "$work/none"

# refused NAME PATTERN RUN OPTION...: it ends with 1 and has written nothing.
refused() {
    local name=$1 pattern=$2
    shift 2
    run timeout 20 "$program" run --no-docker --data "$work/data" \
        --listen "127.0.0.1:$(free_port)" "$@"
    is "$name: exit" "$status" 1
    like "$name" "$err" "$pattern"
    like "$name" "$(tail -1 <<<"$err")" 'the rules cannot be used; .*check'
    is "$name: what was written" \
        "$(find "$work/data" -name '*.bwj' -size +0 2>/dev/null)" ''
}
refused "broken rules" "^$work/bad.yaml:5:[0-9]+: error: .*
.*$work/bad.yaml:7:9: error: unknown key \"exprs\"" --rules "$work/bad.yaml"
refused "a good file and a broken one" "bad.yaml:5:" \
    --rules "$work/on.yaml" --rules "$work/bad.yaml"
refused "an empty directory" "there is no \*.yaml.* in $work/none" \
    --rules "$work/none"
head -c 100000 /dev/urandom >"$work/binary.yaml"
refused "a binary file" "binary.yaml:" --rules "$work/binary.yaml"
BLADEWATCH_RULES=$work/no.yaml refused "the environment" \
    "cannot read $work/no.yaml: No such file"
run "$program" run --rules "$work/no.yaml" --data "$work/data"
is "a name that is wrong: exit" "$status" 2

# No rules at all.
hook_on
hooked() { serve --webhook "http://127.0.0.1:$hook_port/" "$@"; }
hooked || exit
say '{"on":true,"two":true}'
eventually 10 get /state?path=on || fail "nothing is merged"
is "the report without rules" "$(get /report |
    jq -c '[.alerts, .counts, .rules, .timeline]')" '[[],[],[],[]]'
like "the report without rules" "$(get '/report?format=text')" ' 0 rules, 0 firing'
is "rules" "$(get /api/v1/rules)" '{"status":"success","data":{"groups":[]}}'
is "alerts" "$(get /api/v1/alerts)" '{"status":"success","data":{"alerts":[]}}'
is "reload" "$(reload)" 200
is "reload" "$(cat "$work/body")" '0 files, 0 rules: in force already'
check_replay "without rules"
end TERM
is "nothing else is said of rules" \
    "$(grep -c "info rules:" "$work/server.err")" 1
is "that there are none is a warning" \
    "$(grep -c "warn no rules: nothing is alerted" "$work/server.err")" 1
is "nor journalled" "$(cat "$work"/data/*.bwj | grep -c '"rules"')" 0

# Rules come, others come, they are gone: what fired ends.
hooked --rules "$work/two.yaml" || exit
eventually 10 taken Two firing || fail "what holds at the start does not fire"
end TERM
BLADEWATCH_RULES=$work/on.yaml hooked || exit
eventually 10 taken Two resolved || fail "Two is gone and has not ended"
is "On goes on" "$(get /report | jq -c '.alerts[] | [.rule, .firing]')" \
    '["On",1]'
is "On was told once" "$(told 'select(.labels.alertname == "On")' | wc -l)" 1
end TERM
printf 'rules: on.yaml\n' >"$work/c.yaml"
hooked --config "$work/c.yaml" || exit
is "the same" "$(cat "$work/data"/*.bwj | grep -c '^{"rules"')" 2
end TERM
hooked || exit
eventually 10 taken On resolved || fail "no rules, and On has not ended"
check_replay "after the rules are gone"
end TERM
hooked || exit
is "gone is gone" "$(cat "$work/data"/*.bwj | grep -c '^{"rules"')" 3
end TERM

# The command line's are all there are, then the environment's, the file's.
BLADEWATCH_RULES=$work/no.yaml hooked --config "$work/c.yaml" \
    --rules "$work/two.yaml" || exit
is "--rules is the strongest" "$(get /report | jq .rules[].rule | wc -l)" 2
end TERM
rm -r "$work/data"

# Rules that fail.
file fail.yaml '      - alert: Zero
        expr: state.v.a / state.v.b > 1
      - alert: Type
        expr: state.v.c
      - count: big
        foreach: k, n in state.v.big
        value: n * 2
      - alert: Fine
        expr: has(state.v)'
hooked --rules "$work/fail.yaml" || exit
health() {
    [[ $(get /api/v1/rules | jq -r '[.data.groups[].rules[] |
        select(.health == "err").name] | join(" ")') == "$1" ]]
}
ill() { told 'select(.labels.alertname == "RuleError") |
    [.labels.rule, .status]' | sort | tr -d '\n'; }
is_ill() { [[ $(ill) == "$1" ]]; }
say '{"v":{"a":1,"b":0,"c":"x","big":{"k":9223372036854775807}}}'
eventually 10 health 'Zero Type big' || fail "health: $(get /api/v1/rules)"
is "in the report" "$(get /report | jq -r '.rules[] | select(.health == "err") |
    .last_error' | grep -cE 'zero|bool|overflow')" 3
eventually 10 is_ill '["Type","firing"]["Zero","firing"]["big","firing"]' ||
    fail "RuleError: $(ill)"
is "why" "$(told 'select(.labels.rule == "Zero") | .annotations.summary')" \
    "\"division by zero, at 'state.v.a / state.v.b'\""
is "others go on" "$(get /report | jq '.alerts[] |
    select(.rule == "Fine").firing')" 1
check_replay "with errors"
say '{"v":{"b":1,"c":false,"big":{"k":1}}}'
eventually 10 health '' || fail "they stay ill: $(get /api/v1/rules)"
both='["Type","firing"]["Type","resolved"]["Zero","firing"]["Zero","resolved"]'
eventually 10 is_ill "$both"'["big","firing"]["big","resolved"]' ||
    fail "RuleError does not end: $(ill)"
check_replay "without errors"
end TERM
