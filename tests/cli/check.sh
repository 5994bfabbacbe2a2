#!/usr/bin/env bash
# check: which files are read, what is said of them, and the exit status.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
good='groups: [{name: g, rules: [{alert: a, expr: state.x}]}]'
bad='groups: [{name: g, rules: [{alert: a, expr: nix}]}]'
warned='groups: [{name: g, rules: [{count: c, value: state.monitor.counts.nix.value}]}]'
cd "$work" || exit 1

feed "$good" "$program" check -
is "a good file" "$out" '1 file, 1 rule: fine'
is "its exit status" "$status" 0
is "nothing on stderr" "$err" ''

feed "$bad" "$program" check -
is "a bad file" "$status" 1
is "what is said of it" "$out" "<stdin>:1:45: error: undeclared name 'nix'
   1 | groups: [{name: g, rules: [{alert: a, expr: nix}]}]
     |                                             ^~~
     = help: did you mean 'now'?
1 file: 1 error"

feed "$bad" "$program" check --json -
is "as JSON, too, it is bad" "$status" 1
is "and says the same" "$(jq -c '.[] | [.file, .line, .column, .end_column,
    .severity, .message, .help]' <<<"$out")" \
    '["<stdin>",1,45,48,"error","undeclared name '"'nix'\",\"did you mean 'now'?\"]"
feed "$good" "$program" check --json -
is "of a good file JSON has nothing to say" "$out" '[]'

feed "$warned" "$program" check -
is "warnings are allowed" "$status" 0
like "they are told" "$out" 'warning: there is no count called "nix"'
like "and counted" "$out" '1 file, 1 rule: fine, 1 warning$'
feed "$warned" "$program" check --lint-fatal -
is "--lint-fatal" "$status" 3
feed "$bad" "$program" check --lint-fatal -
is "an error is one with --lint-fatal, too" "$status" 1

mkdir -p rules/deeper rules/c.yaml
printf '%s' "$good" >rules/b.yaml
printf '%s' "${good//alert: a/alert: b}" >rules/a.yml
printf '%s' '{"groups":[{"name":"g","rules":[{"count":"c","value":1}]}]}' \
    >rules/c.json
printf '%s' "$bad" >rules/notes.txt
printf '%s' "$bad" >rules/.hidden.yaml
printf '%s' "$bad" >rules/deeper/d.yaml
run "$program" check rules
is "a directory is its rule files" "$out" '3 files, 3 rules: fine'
run "$program" check rules/a.yml rules/b.yaml rules/b.yaml
is "all files are one set" "$status" 1
like "whose names are distinct" "$out" \
    '^rules/b.yaml:1:36: error: there is an alert "a" already, at rules/b.yaml:1'
printf '%s' "$bad" >rules/0.yaml
printf '%s' "${bad//nix/nax}" >rules/z.yaml
run "$program" check rules
is "files come in the order of their names" \
    "$(grep -o '^rules/[^:]*' <<<"$out" | tr '\n' ' ')" \
    'rules/0.yaml rules/b.yaml rules/z.yaml rules/z.yaml '

printf '%s' '{"web":{"errors":1}}' >state.json
feed 'groups: [{name: g, rules: [{alert: a, expr: state.web.erors > 1}]}]' \
    "$program" check --state state.json -
is "--state warns" "$status" 0
like "of what it does not have" "$out" 'warning: the given state never had'
like "and knows what was meant" "$out" "did you mean 'errors'\?"
feed 'groups: [{name: g, rules: [{alert: a, foreach: k in state.wbe, expr: k == "a"}]}]' \
    "$program" check --state state.json -
like "in foreach as well" "$out" '1:48: warning: the given state never had state.wbe'
printf '%s' '{"web":' >state.json
feed "$good" "$program" check --state state.json -
is "a state that is none" "$status" 2
one_sentence "it" "$err"
[[ $err != *replay* ]] || fail "it is no log: $err"
printf '%s\n' '{"a":1}' '{"b":2}' >shop.jsonl
feed "$good" "$program" check --state shop.jsonl -
is "a log for a state" "$status" 2
like "a log for a state" "$err" \
    "shop.jsonl is no state: .*; use 'bladewatch replay FILE --state > state"

for arguments in '' 'nowhere' 'rules/deeper/nothing.yaml' '--nonsense x' \
    '--state nowhere rules' "--state"; do
    # shellcheck disable=SC2086
    run "$program" check $arguments
    is "check $arguments" "$status" 2
    [[ $err ]] || fail "check $arguments says nothing"
done
mkdir empty
run "$program" check empty
is "a directory without rule files" "$status" 2
one_sentence "it" "$err"

head -c 1048577 /dev/zero | tr '\0' '#' >large.yaml
run "$program" check large.yaml
is "a file that is too large" "$status" 1
like "it" "$out" '^large.yaml: error: larger than 1048576 bytes'
run "$program" check /dev/zero
is "a file without an end" "$status" 1

run "$program" check "$top/rules"
is "our own rules" "$status" 0
[[ $out != *warning* ]] || fail "our own rules: $out"
for state in all_well half_an_update burst_of_errors a_node_dies \
    no_data_received; do
    # Those of other clusters read what was never here.
    run "$program" check --lint-fatal \
        "$top"/rules/{blades,counts,errors,intents}.yaml \
        --state "$top/fixtures/$state/expect.state.json"
    is "our own rules on $state" "$status" 0
done
