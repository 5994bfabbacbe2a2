#!/usr/bin/env bash
# A receiver of alerts that refuses, hangs, answers garbage or 500: alerts wait
# for it, across a restart too, and are told once and in order.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"

cat >"$work/rules.yaml" <<'YAML'
groups:
  - name: outage
    rules:
      - alert: Up
        foreach: name, up in state.up
        expr: up
YAML
cat >"$work/c.yaml" <<YAML
rules: rules.yaml
notify:
  receivers:
    - {name: pager, webhook: "http://127.0.0.1:$hook_port/", timeout: 1s}
YAML
run_it() { serve --config "$work/c.yaml"; }

failed() { metric 'bladewatch_notifications_failed_total{receiver="pager"}'; }
waiting() { metric 'bladewatch_notifications_waiting{receiver="pager"}'; }
has_failed() { [[ $(failed) -ge $1 ]]; }
has_waiting() { [[ $(waiting) == "$1" ]]; }
# Posts that came while the receiver did so.
came() { jq -e --arg mode "$1" 'select(.mode == $mode)' "$work/told"; }
up() {
    say "{\"up\":{\"$1\":$2}}"
}
names() { told '[.labels.name, .status]' | tr -d '\n'; }
said() { grep -c "$1" "$work/server.err"; }

# Nobody listens; then somebody who says nothing.
run_it || exit
up a true
eventually 10 has_failed 1 || fail "nothing has failed"
hook_on hang
eventually 10 came hang || fail "it is not tried again"
up a false
up b true
eventually 10 has_failed 2 || fail "a receiver that hangs is waited for"
eventually 10 has_waiting 3 || fail "$(waiting) wait"
is "it answers meanwhile" "$(get /-/healthy)" healthy
is "told of the outage" "$(said 'receiver pager at .* takes no alerts: ')" 1
hook_is ok
eventually 15 has_waiting 0 || fail "they are not told after all"
is "in order" "$(names)" '["a","firing"]["a","resolved"]["b","firing"]'
is "told of its end" "$(said 'takes alerts again, after .* failed tries')" 1

# Garbage and 500.  It is stopped, started, killed and started meanwhile.
hook_is garbage
up c true
eventually 10 came garbage || fail "it is not told"
eventually 10 has_failed 3 || fail "garbage is taken for an answer"
hook_is 500
eventually 10 came 500 || fail "it is not tried again after garbage"
end TERM
is "exit" "$status" 0
run_it || exit
eventually 10 has_waiting 1 || fail "the outbox is lost: $(waiting) wait"
up b false
eventually 10 has_waiting 2 || fail "$(waiting) wait"
end KILL
run_it || exit
eventually 10 has_waiting 2 || fail "after a kill $(waiting) wait"
hook_is ok
eventually 15 has_waiting 0 || fail "they are not told after the restart"
eventually 10 check_notices || fail "the webhook: $(cat "$work/notices")"
is "and no more" "$(told '.id' | sort | uniq -d)" ''
is "in order" "$(names)" \
    '["a","firing"]["a","resolved"]["b","firing"]["c","firing"]["b","resolved"]'

# Nobody waits for a receiver when it is time to go.
hook_is hang
up d true
hangs() { [[ $(grep -c '"mode": "hang"' "$work/told") == 2 ]]; }
eventually 10 hangs || fail "it is not told"
began=$SECONDS
end TERM
is "exit with a post under way" "$status" 0
[[ $((SECONDS - began)) -lt 5 ]] || fail "it waits for a receiver that hangs"
