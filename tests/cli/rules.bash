# What the tests of a running process with rules share.
# shellcheck shell=bash source=tests/cli/lib.bash disable=SC2034
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
here=$top/tests/cli
hook=
hook_port=$(free_port)

finish() {
    [[ ! $server ]] || kill -KILL "$server" 2>/dev/null
    [[ ! $hook ]] || hook_off
    rm -rf "$work"
    exit $((failures > 0))
}

# A rule of every kind, with everything that waits: for, keep_firing_for,
# deadlines, windows, leases, and a rule that can fail.
all_rules() {
    cat <<'YAML'
groups:
  - name: all
    rules:
      - alert: Hot
        foreach: name, host in state.hosts
        expr: host.temp > 30
        for: 300ms
        keep_firing_for: 200ms
        labels: {severity: page}
        annotations: {summary: "{{ name }} has {{ host.temp }}"}
      - alert: Warm
        foreach: name, host in state.hosts
        expr: host.temp > 30
        for: 1h
      - alert: Old
        foreach: name, host in state.hosts
        expr: age(host.temp) > duration('700ms')
      - alert: Silent
        foreach: name, b in state.beats
        expr: "!has(b.alive)"
      - intent: fetch
        foreach: id, job in state.jobs
        parties: job.who
        answers: job.?done.orValue({})
        deadline: 400ms
      - alert: Unanswered
        foreach: id, it in state.monitor.intents.fetch
        expr: it.status == 'timed_out'
        annotations: {summary: "{{ it.missing.join(', ') }} missing"}
      - machine: life
        foreach: id, job in state.jobs
        phases:
          - phase: asked
          - phase: begun
            when: size(job.?done.orValue({})) > 0
          - {phase: over, when: has(job.over), final: true}
      - count: items
        foreach: id, host, n in state.jobs.*.items.*
        value: n
        by: [host]
      - count: hosts
        foreach: name, host in state.hosts
        type: gauge
      - errors: logged
        match: line.?level.orValue('') == 'error'
        message: "type(line) == string ? line : string(line.msg)"
        paths: [state.hosts.*.errors]
      - alert: Burst
        expr: increase(state.monitor.errors.logged.count, '1s') > 2
      - alert: Ratio
        expr: state.ratio.a / state.ratio.b > 1
      - revive: nodes
        containers: "c.labels['role'] == 'node'"
        when: c.state == 'exited'
YAML
}

# hook_on [MODE]: the receiver listens; what it is told is in $work/told.
hook_on() {
    hook_is "${1:-ok}"
    : >>"$work/told"
    "$here/receiver" "$hook_port" "$work/told" "$work/mode" &
    hook=$!
    eventually 10 hook_listens || fail "the receiver does not listen"
}
hook_listens() { (: <"/dev/tcp/127.0.0.1/$hook_port"); }
hook_off() {
    kill -KILL "$hook"
    wait "$hook" 2>/dev/null
    hook=
}
hook_is() {
    echo "$1" >"$work/mode.new"
    mv "$work/mode.new" "$work/mode"
}
# told [JQ FILTER]: of the alerts that the receiver has taken, one a line.
told() {
    jq -c "select(.mode == \"ok\") | .body.alerts[] | ${1:-.}" "$work/told"
}
# taken ALERTNAME STATUS [N]: so often.
taken() {
    [[ $(told "select(.labels.alertname == \"$1\" and .status == \"$2\")" |
        wc -l) == "${3:-1}" ]]
}

# say TEXT: posts it.
say() {
    is "POST $1" "$(post "$1")" 200
}

# alert NAME STATE: there is such an alert.
alert() {
    get /api/v1/alerts | jq -e --arg name "$1" --arg state "$2" '.data.alerts |
        any(.labels.alertname == $name and .state == $state)'
}
no_alert() {
    get /api/v1/alerts | jq -e --arg name "$1" '.data.alerts |
        all(.labels.alertname != $name)'
}

# The report is what a replay of the journal says, and stood still meanwhile.
is_replayed() {
    get /report >"$work/live" &&
        "$program" replay --report --json "$work/data" >"$work/replayed" &&
        get /report >"$work/later" &&
        cmp "$work/live" "$work/later" && cmp "$work/live" "$work/replayed"
}
check_replay() {
    eventually 15 is_replayed ||
        fail "$1: the report is not that of a replay: $(
            diff <(jq . "$work/live") <(jq . "$work/replayed") | head -20)"
}

# check_notices [KILLS]: the receiver was told all that the journal brings
# forth.
check_notices() {
    "$program" replay --timeline --json "$work/data" >"$work/timeline"
    "$here/notices" "$work/timeline" "$work/told" "$@" >"$work/notices"
}

reload() {
    curl -sS --max-time 20 -o "$work/body" -w '%{http_code}' -X POST "$@" \
        "http://127.0.0.1:$port/-/reload"
}
# metric NAME: its value.
metric() {
    get /metrics | awk -v name="$1" '$1 == name { print $2 }'
}
