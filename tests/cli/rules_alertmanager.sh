#!/usr/bin/env bash
# A real Alertmanager is told what fires, again when it has forgotten, and what
# has ended, from run --rules.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"

alertmanager=$(command -v prometheus-alertmanager || command -v alertmanager) || {
    echo "there is no Alertmanager here"
    trap - EXIT
    rm -rf "$work"
    exit 77
}

cat >"$work/rules.yaml" <<'YAML'
groups:
  - name: am
    rules:
      - alert: Hot
        foreach: name, host in state.hosts
        expr: host.temp > 30
        labels: {severity: page}
        annotations: {summary: "{{ name }} has {{ host.temp }}"}
YAML
cat >"$work/am.yaml" <<'YAML'
route: {receiver: nobody}
receivers: [{name: nobody}]
YAML
cat >"$work/c.yaml" <<YAML
rules: rules.yaml
notify:
  receivers: [{name: am, alertmanager: "http://127.0.0.1:$hook_port"}]
  resend_every: 1s
YAML

am() { curl -fsS --max-time 5 "http://127.0.0.1:$hook_port$1"; }
# As the receiver is: hook_off ends it.
am_on() {
    rm -rf "$work/am"
    "$alertmanager" --config.file="$work/am.yaml" --storage.path="$work/am" \
        --web.listen-address="127.0.0.1:$hook_port" \
        --cluster.listen-address= >"$work/am.log" 2>&1 &
    hook=$!
    eventually 20 am /-/ready || fail "no Alertmanager: $(cat "$work/am.log")"
}
# active NAME...: exactly these hosts fire there.
active() {
    [[ $(am '/api/v2/alerts?active=true' |
        jq -r '[.[].labels.name] | sort | join(" ")') == "$*" ]]
}

am_on
serve --config "$work/c.yaml" || exit
say '{"hosts":{"a":{"temp":40},"b":{"temp":41},"c":{"temp":20}}}'
eventually 10 active a b || fail "it is not told: $(am /api/v2/alerts)"
is "what it knows" "$(am /api/v2/alerts | jq -c '.[] |
    select(.labels.name == "a") | [.labels.alertname, .labels.severity,
    .annotations.summary, .status.state]')" '["Hot","page","a has 40","active"]'
say '{"hosts":{"a":{"temp":20}}}'
eventually 10 active b || fail "it is not told of an end"

hook_off
say '{"hosts":{"c":{"temp":50}}}'
end KILL
serve --config "$work/c.yaml" || exit
am_on
eventually 20 active b c || fail "it has forgotten: $(am /api/v2/alerts)"
say '{"hosts":{"b":{"temp":0},"c":{"temp":0}}}'
eventually 10 active || fail "they do not end: $(am /api/v2/alerts)"
check_replay "at the end"
