#!/usr/bin/env bash
# The rules of rules/raft.yaml on a cluster that elects a leader, live: each of
# its faults becomes an alert, ends as one when it is mended, and the recording
# replays to the same.
# shellcheck source=tests/cli/rules.bash
. "$(dirname "$0")/rules.bash"

cluster=
read -r control proxy one two three < <(python3 -c 'import socket
held = [socket.socket() for _ in range(5)]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))')

finish() {
    [[ ! $server ]] || kill -KILL "$server" 2>/dev/null
    [[ ! $cluster ]] || kill -KILL "$cluster"
    wait 2>/dev/null
    rm -rf "$work"
    exit $((failures > 0))
}

order() {
    curl -fsS --max-time 5 -X POST "http://127.0.0.1:$control/$1" ||
        fail "the cluster does not obey: $1"
} >/dev/null

# The alerts that fire now, and nothing else does.
fire() {
    [[ $(get /api/v1/alerts | jq -r '[.data.alerts[] |
        select(.state == "firing") | .labels.alertname] | sort | join(" ")') \
        == "$*" ]]
}

# soon ALERT...: before long, just these.
soon() {
    eventually 15 fire "$@" || fail "wanted to fire: '$*'; there is $(
        get /api/v1/alerts | jq -c '.data.alerts[] | [.labels.alertname,
            .state, .annotations.summary]')"
}

# As shipped, but for the patience that tests do not have.
mkdir "$work/rules"
sed -E 's/for: 1[05]s/for: 2s/' "$top/rules/raft.yaml" >"$work/rules/raft.yaml"
cat >"$work/config.yaml" <<YAML
probe:
  interval: 500ms
  timeout: 500ms
  failures: 3
  start_period: 0s
  targets:
    - {name: one, http: "http://127.0.0.1:$one/cluster/status", json: true}
    - {name: two, http: "http://127.0.0.1:$two/cluster/status", json: true}
    - {name: three, http: "http://127.0.0.1:$three/cluster/status", json: true}
    - {name: proxy, http: "http://127.0.0.1:$proxy/cluster/leader", json: true}
YAML
"$here/raft_cluster" "$control" "$proxy" "$one" "$two" "$three" &
cluster=$!
eventually 10 curl -fs "http://127.0.0.1:$one/health" ||
    fail "the cluster does not start"
order elect?node=1
serve --config "$work/config.yaml" --rules "$work/rules"
all_known() {
    get /state | jq -e '.monitor.machines.raft_node |
        [.one.phase, .two.phase, .three.phase] ==
        ["leader", "follower", "follower"]'
}
eventually 10 all_known || fail "who leads is not known: $(get /state)"
soon

order forget
soon RaftNoLeader
order elect?node=2
soon
order claim?node=3
soon RaftTwoLeaders
order elect?node=2
soon
order cut?node=3
soon RaftNodesDisagree
order mend?node=3
order elect?node=2
soon
order kill?node=2
order kill?node=3
soon RaftQuorumLost
order start?node=2
order start?node=3
order elect?node=1
soon
order stick
order elect?node=3
soon ProxyPointsAtStaleLeader
order look
soon

report=$(get /report | jq -r '.alerts[] | select(.fired > 0) |
    "\(.rule) \(.fired) \(.resolved)"')
is "what fired and ended" "$report" "ProxyPointsAtStaleLeader 1 1
RaftNoLeader 1 1
RaftNodesDisagree 1 1
RaftQuorumLost 1 1
RaftTwoLeaders 1 1"
end TERM
is "the end" "$status" 0
run "$program" replay --timeline "$work/data"
is "alerts in the replay" "$(grep -c ' firing$\| firing  ' "$work/out")" 5
run "$program" replay --report --json "$work/data"
is "the replay" "$(jq -r '.alerts[] | select(.fired > 0) |
    "\(.rule) \(.fired) \(.resolved)"' <<<"$out")" "$report"
