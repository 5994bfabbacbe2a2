#!/usr/bin/env bash
# Probes: every answer, good or bad, is in the state with one clear sentence;
# a target that dies is down in time, one that comes back is up.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
export LC_ALL=C

tls=()
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=elsewhere \
        -keyout "$work/key" -out "$work/cert" 2>/dev/null &&
        tls=(--tls "$work/cert" "$work/key")
fi
mkfifo "$work/hold"
"$top/tests/cli/answers" "${tls[@]}" <"$work/hold" >"$work/peers" &
exec 9>"$work/hold"
eventually 20 grep -q ready "$work/peers" || fail "the peers do not serve"
declare -A at
while read -r name peer; do
    at[$name]=$peer
done <"$work/peers"

{
    echo 'probe:'
    echo '  interval: 1s'
    echo '  timeout: 500ms'
    echo '  start_period: 0s'
    echo '  targets:'
    for name in pong silent late wrong binary dup; do
        echo "    - {name: $name, udp: '127.0.0.1:${at[$name]}'}"
    done
    for name in open full closed; do
        echo "    - {name: $name, tcp: '127.0.0.1:${at[$name]}'}"
    done
    for name in ok 500 redirect huge endless slow half nothing garbage; do
        echo "    - {name: web-$name, http: '127.0.0.1:${at[web]}/$name'}"
    done
    for name in json long binary turns; do
        echo "    - {name: json-$name, json: true,"
        echo "       http: 'http://127.0.0.1:${at[web]}/$name'}"
    done
    echo "    - {name: any, http: '127.0.0.1:${at[web]}/500', status: 200-599}"
    echo "    - {name: match, http: '127.0.0.1:${at[web]}/ok', match: is well}"
    echo "    - {name: miss, http: '127.0.0.1:${at[web]}/ok', match: ill}"
    echo "    - {name: by-name, http: 'localhost:${at[web]}/ok'}"
    echo "    - {name: web-closed, http: '127.0.0.1:${at[closed]}/ok'}"
    echo "    - {name: web-nowhere, http: 'http://no-such-host.invalid/ok'}"
    echo "    - {name: nowhere, tcp: 'no-such-host.invalid:1'}"
    if [[ ${tls[*]} ]]; then
        echo "    - {name: tls, https: '127.0.0.1:${at[tls]}/ok', insecure: true}"
        echo "    - {name: strict, https: '127.0.0.1:${at[tls]}/ok'}"
    fi
} >"$work/probes.yaml"
targets=$(grep -c 'name:' "$work/probes.yaml")
serve --config "$work/probes.yaml" || exit 1

# Each answers, or is down.
settled() {
    get /state?path=probes >"$work/probes.json" &&
        [[ $(jq 'map(select(.ok or .down)) | length' "$work/probes.json") == "$targets" ]] &&
        [[ $(jq .dup.down "$work/probes.json") == true ]]
}
eventually 30 settled || fail "not all targets were asked"

# good NAME
good() {
    is "$1" "$(jq -r --arg n "$1" '.[$n] | [.ok, .fails, .error] | @csv' \
        "$work/probes.json")" 'true,0,'
}

# bad NAME SENTENCE: and down by now.
bad() {
    like "$1" "$(jq -r --arg n "$1" \
        '.[$n] | [.ok, .down, .fails >= 3, .error] | map(tostring) | join(" ")' \
        "$work/probes.json")" "^false true true $2\$"
}

good pong
bad silent 'no answer within 0.5 s'
bad late 'no answer within 0.5 s'
bad wrong 'it answers "WRONG" instead of PONG'
bad binary 'it answers something else than PONG'
bad dup 'no answer within 0.5 s'
good open
bad full 'no answer within 0.5 s'
bad closed 'refused: nobody listens on its port'
good web-ok
bad web-500 'it answers 500, not 200 to 299'
bad web-redirect 'it answers 302, not 200 to 299'
bad web-huge 'its body is longer than 65536 bytes'
bad web-endless 'its answer was not complete within 0.5 s'
bad web-slow 'no answer within 0.5 s'
bad web-half 'its answer breaks off'
bad web-nothing 'it ends the connection without an answer'
bad web-garbage 'its answer is no HTTP: .*'
good json-json
bad json-binary 'its body is no JSON: .*'
good any
good match
bad miss 'its body does not contain what it has to'
good by-name
bad web-closed 'refused: nobody listens on its port'
bad web-nowhere 'its name (cannot be looked up: .*|was not looked up .*)'
bad nowhere 'its name (cannot be looked up: .*|was not looked up .*)'
if [[ ${tls[*]} ]]; then
    good tls
    bad strict 'no answer: .*certificate.*'
fi
is "the code of an answer" "$(jq '."web-500".code' "$work/probes.json")" 500
is "no code without one" "$(jq '."web-slow".code' "$work/probes.json")" null
is "JSON, its instructions literal" \
    "$(jq -cS '."json-json".body' "$work/probes.json")" \
    '{"$$ttl":1,"deep":{"$$set":{"$$x":[null]}},"leader":"n1","list":[{"$inc":1}]}'
is "a text beyond the limit of the state ends there" \
    "$(jq -c '."json-long" | [.ok, .bodyCut, .body.leader, (.body.log | length)]' \
    "$work/probes.json")" '[true,true,"n1",8192]'
is "and of others nothing is said" "$(jq '."json-json".bodyCut' \
    "$work/probes.json")" null
# body JSON: that of the page whose answers differ.
body() {
    [[ $(get /state?path=probes.json-turns.body | jq -cS .) == "$1" ]]
}
eventually 10 body '{"deep":{"leader":"n1"},"term":1}' ||
    fail "the whole body is not in the state"
eventually 10 body '{"term":2}' || fail "what the next body lacks stays:" \
    "$(get /state?path=probes.json-turns.body)"
like "where it is asked" "$(jq -r '."web-ok" | .kind + " " + .target' \
    "$work/probes.json")" '^http http://127.0.0.1:[0-9]+/ok$'
like "metrics" "$(get /metrics)" \
    'bladewatch_probe_success\{target="pong"\} 1'
like "metrics" "$(get /metrics)" \
    'bladewatch_probe_http_status_code\{target="web-500"\} 500'
like "the log" "$(cat "$work/server.err")" \
    'warn probe: silent is down, after 3 bad answers: no answer within 0.5 s'
is "one sentence for each fall" \
    "$(grep -c 'probe: .* is down' "$work/server.err")" \
    "$(grep -o 'probe: .* is down' "$work/server.err" | sort -u | grep -c .)"

# What is recorded is what a replay makes of it.
end KILL
run "$program" replay "$work/data" --state
is "a replay: exit" "$status" 0
is "a replay has them all" "$(jq '.probes | length' <<<"$out")" "$targets"
rm -rf "$work/data"

# Killed after a good answer: down within interval x failures + time-out + 1 s.
cat >"$work/pong" <<'EOF'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
print("serving", flush=True)
while True:
    s.sendto(b"PONG", s.recvfrom(100)[1])
EOF
udp=$(free_port)
revive_target() {
    python3 "$work/pong" "$udp" >"$work/pong.out" &
    target=$!
    eventually 10 grep -q serving "$work/pong.out" || fail "no pong"
}
revive_target
cat >"$work/probes.yaml" <<EOF
probe: {interval: 1s, timeout: 500ms, failures: 3, start_period: 0s,
        targets: [{name: node, udp: "127.0.0.1:$udp"}]}
EOF
serve --config "$work/probes.yaml" || exit 1
node() {
    [[ $(get /state?path=probes.node | jq -r '"\(.ok) \(.down)"') == "$1" ]]
}
eventually 10 node 'true false' || fail "the node does not answer"
for turn in 1 2 3; do
    sleep "0.$((turn * 3))"
    killed=$(date +%s%N)
    kill -KILL "$target"
    wait "$target" 2>/dev/null
    eventually 10 node 'false true' || fail "the node is not down"
    since=$(get /state?path=probes.node.since | jq -r .)
    took=$((($(date -d "$since" +%s%N) - killed) / 1000000))
    echo "down after $took ms"
    [[ $took -le 4500 ]] || fail "it took $took ms to see that it is down"
    revive_target
    eventually 10 node 'true false' || fail "the node is not up again"
done
end TERM
is "the end" "$status" 0
like "the log" "$(cat "$work/server.err")" 'info probe: node answers again, after [0-9]'
{ kill -KILL "$target" && wait "$target"; } 2>/dev/null
exec 9>&-
