#!/usr/bin/env bash
# SIGHUP and POST /-/reload: a broken file changes nothing and says why; rules
# that stay keep their timers, rules that are gone end, changed ones begin.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"

rules=$work/rules/r.yaml
mkdir "$work/rules"
# put TEXT: the rule file, as a whole.
put() {
    printf 'groups:\n  - name: g\n    rules:\n%s\n' "$1" >"$work/put"
    mv "$work/put" "$rules"
}
slow='      - alert: Slow
        expr: state.on
        for: 3s'
gone='      - alert: Gone
        expr: state.on
        annotations: {summary: it was on}'
changed='      - alert: Changed
        expr: state.on'
put "$slow
$gone
$changed"
hook_on

(umask 077 && echo act >"$work/act" && echo read >"$work/read" &&
    echo write >"$work/write")
cat >"$work/c.yaml" <<YAML
tokens:
  - {name: operator, file: act, may: [act]}
YAML
serve --config "$work/c.yaml" --rules "$work/rules" \
    --webhook "http://127.0.0.1:$hook_port/" || exit
start=$server
is "reload without the token" "$(reload)" 401
is "reload with another" "$(reload -H 'Authorization: Bearer x')" 401
is "GET" "$(curl -s -o /dev/null -w '%{http_code}' \
    "http://127.0.0.1:$port/-/reload")" 405
act=(-H 'Authorization: Bearer act')
is "the same rules" "$(reload "${act[@]}")" 200
is "the same rules" "$(cat "$work/body")" '1 file, 3 rules: in force already'

say '{"on":true}'
eventually 10 alert Slow pending || fail "Slow is not pending"
eventually 10 taken Gone firing || fail "Gone does not fire"
eventually 10 taken Changed firing || fail "Changed does not fire"

# Broken: by hand, and by a signal.
successful() {
    [[ $(metric bladewatch_rules_last_reload_successful) == "$1" ]]
}
get /report >"$work/before"
put "$slow
      - alert: Gone
        expr: state.on &&
        fro: 3s"
is "a broken file" "$(reload "${act[@]}")" 400
like "the diagnostic" "$(head -1 "$work/body")" "^$rules:[0-9]+:[0-9]+: error: "
like "all of them" "$(cat "$work/body")" 'unknown key "fro"'
like "what it means" "$(tail -1 "$work/body")" '^nothing has changed: '
eventually 5 successful 0 || fail "the metric says that all is well"
like "it is in the log" "$(cat "$work/server.err")" \
    'warn rules: nothing has changed: the rules before are in force'
is "nothing has changed" \
    "$(jq '.rules | length' "$work/before")" "$(get /report | jq '.rules | length')"
alert Slow pending >/dev/null || fail "Slow is pending no more"
is "nobody is told" "$(told 'select(.status == "resolved")')" ''

mv "$work/rules" "$work/away"
is "no directory" "$(reload "${act[@]}")" 400
like "no directory" "$(cat "$work/body")" \
    "^cannot read $work/rules: No such file or directory"
mkdir "$work/rules"
is "an empty directory" "$(reload "${act[@]}")" 400
like "an empty directory" "$(cat "$work/body")" "there is no \*.yaml"
rmdir "$work/rules"
mv "$work/away" "$work/rules"
: >"$rules"
is "a file that was cut to nothing" "$(reload "${act[@]}")" 400
like "a file that was cut to nothing" "$(cat "$work/body")" \
    "there are no rules in this file"

# Right: with a warning, by a signal.
put "$slow
      - alert: Changed
        expr: state.on && state.m / state.n > 0
        labels: {severity: page}"
kill -HUP "$server"
eventually 10 successful 1 || fail "SIGHUP does nothing"
like "the warning" "$(cat "$work/server.err")" 'warning: integer division'
like "it is told" "$(cat "$work/server.err")" \
    'info rules: 1 file, 2 rules: loaded'
eventually 10 taken Gone resolved || fail "Gone has not ended: $(told)"
eventually 10 taken Changed resolved || fail "Changed has not ended: $(told)"
is "its end carries annotations" "$(told 'select(.labels.alertname == "Gone")
    | .annotations.summary')" $'"it was on"\n"it was on"'
say '{"m":7,"n":7}'
eventually 10 taken Changed firing 2 || fail "the changed one does not begin"
is "its label" "$(told 'select(.labels.alertname == "Changed" and
    .labels.severity == "page") | .status')" '"firing"'

eventually 10 taken Slow firing || fail "Slow does not fire"
is "it did not start anew" "$(get /report | jq -c '[.timeline[] |
    select(.rule == "Slow") | .at[0:23] + "Z" | sub("\\.(?<ms>.*)Z"; "Z") |
    fromdate] | length as $n | [$n, .[1] - .[0]]')" '[2,3]'
is "the process" "$server" "$start"
check_replay "after all that"
eventually 10 check_notices || fail "the webhook: $(cat "$work/notices")"

# No rules are rules too; and what was journalled is in force after a restart.
put ''
printf 'groups: []\n' >"$rules"
is "an empty list" "$(reload "${act[@]}")" 200
eventually 10 taken Slow resolved || fail "the last rules do not end"
is "no rules" "$(get /report | jq -c .rules)" '[]'
end TERM
is "exit" "$status" 0
port=

if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    exit
fi

# On a full disk rules cannot be journalled, so they do not come into force.
port=$(free_port)
mkdir "$work/full"
put "$gone"
unshare --mount sh -c '
    mount -t tmpfs -o size=256k none "$1/full" &&
    exec "$2" run --no-docker --rules "$1/rules" --listen "127.0.0.1:$3" \
        --data "$1/full"' \
    sh "$work" "$program" "$port" >"$work/server.out" 2>"$work/server.err" &
server=$!
eventually 20 get /-/ready || fail "on a small disk: $(cat "$work/server.err")"
root=/proc/$server/root$work/full
head -c 1000000 /dev/zero >"$root/fill" 2>/dev/null
put "$gone
$changed
$(printf '# %8000s' x)"
is "reload on a full disk" "$(reload)" 503
like "reload on a full disk" "$(head -1 "$work/body")" \
    '^cannot write the journal.*the disk is full'
like "reload on a full disk" "$(cat "$work/body")" 'are read again as soon as'
like "reload on a full disk" "$(tail -1 "$work/body")" '^nothing has changed: '
is "the rules before" "$(get /report | jq -c '[.rules[].rule]')" '["Gone"]'
is "the metric" "$(metric bladewatch_rules_last_reload_successful)" 0
is "once more" "$(reload)" 503
like "once more" "$(head -1 "$work/body")" 'the disk is full'
rm "$root/fill"
has_both() {
    [[ $(get /report | jq -c '[.rules[].rule]') == '["Changed","Gone"]' ]]
}
eventually 10 has_both || fail "there is room again: $(cat "$work/server.err")"
successful 1 || fail "the metric does not say that all is well again"
end TERM

# Full from the start: the rules come into force once there is room.
port=$(free_port)
unshare --mount sh -c '
    mount -t tmpfs -o size=64k none "$1/full" &&
    head -c 65536 /dev/zero >"$1/full/fill"
    exec "$2" run --no-docker --rules "$1/rules" --listen "127.0.0.1:$3" \
        --data "$1/full/data"' \
    sh "$work" "$program" "$port" >"$work/server.out" 2>"$work/server.err" &
server=$!
eventually 20 get /-/healthy || fail "on a full disk: $(cat "$work/server.err")"
eventually 10 successful 0 || fail "rules are said to be loaded on a full disk"
is "no rules are in force" "$(get /report | jq -c '.rules')" '[]'
rm "/proc/$server/root$work/full/fill"
eventually 10 has_both || fail "there is room: $(cat "$work/server.err")"
eventually 5 successful 1 || fail "the metric stays"
end TERM
