#!/usr/bin/env bash
# A container that falls is started again, once and for a reason; who wants it
# down has it down; each step is a line of the log and stands in the state.
# shellcheck source=tests/cli/engine.bash
. "$(dirname "$0")/engine.bash"

nodes "backoff: 1s, verify_after: 1s, attempts: 9, breaker: off"
engine_on
happens add scraper role=node
happens add database
watch || exit
becomes containers.scraper.state '"running"'
logs "revive: rule nodes has 1 container in its scope: scraper$"
is "nothing is said of a dry run" "$(grep -ciE 'dry run|revive: off' \
    "$work/server.err")" 0

# It falls and comes back.
happens die scraper 3
happens die database 3
logs "warn NODE DOWN scraper \([0-9a-f]{12}\): exited with code 3; looked at again in [2-5] s$"
logs "info REVIVAL starting scraper \([0-9a-f]{12}\), attempt 1 of 9: exited with code 3$"
logs "info REVIVAL started scraper$"
logs "info NODE RECOVERED scraper: runs, after [0-9.]+ s$"
is "what was posted" "$(posts)" 1
like "what was posted" "$(cat "$work/posts")" \
    '^POST /v1.41/containers/[0-9a-f]{64}/start$'
is "the other is none of the rule's" "$(at containers.database.state)" \
    '"exited"'
like "the result" "$(at acts.scraper)" '"result":"started"'
is "the act" "$(at 'acts.scraper | [.act, .code, .message]')" \
    '["start",204,""]'
is "its order" "$(at acts.scraper.order)" \
    "$(at 'decisions.scraper[] | select(.verb == "orders") | .order')"
becomes 'decisions.scraper | map(.from + " " + .to) | unique' \
    '["acting verifying","ok suspect","suspect acting","verifying ok"]'
is "what is shown of it" "$(get /containers | jq -c \
    'map(select(.name == "scraper")) | .[0].revival | [.rule, .state]')" \
    '["nodes","ok"]'
is "of the other" "$(get /containers | jq -c \
    'map(select(.name == "database")) | .[0].revival')" null

# What was decided is no reason to decide again.
audited=$(at audit.ordinal)
sleep 2
is "decisions without a cause" "$(at audit.ordinal)" "$audited"

# A person's first stop is a fall, the second is meant.
happens stop scraper
logs "NODE RECOVERED scraper" 2
happens stop scraper
logs "info REVIVAL keeps off scraper: a person stopped it again .*; docker start or 'bladewatch release scraper' ends that$"
is "posts after a second stop" "$(posts)" 2
happens start scraper
logs "info NODE RECOVERED scraper: runs again" 1

# Held: nothing is done; released: it is.
export BLADEWATCH_URL=http://127.0.0.1:$port
"$program" hold scraper --why "new disk" >"$work/out" || fail "hold"
logs "info REVIVAL keeps off scraper: held by anonymous: new disk$"
happens die scraper 1
logs "warn REVIVAL declines for scraper: exited with code 1; held by anonymous: new disk, left alone$"
sleep 4
is "posts while it is held" "$(posts)" 2
"$program" release scraper >"$work/out" || fail "release"
logs "NODE RECOVERED scraper" 4
is "posts once it is released" "$(posts)" 3

# Each answer of the engine means something.
happens say scraper 500 driver failed: Bind for 0.0.0.0:18080 failed: port is already allocated
happens die scraper 1
logs "warn REVIVAL refused scraper: .*port 18080 is taken"
happens say scraper 204
happens start scraper
logs "NODE RECOVERED scraper" 5
happens say scraper 400 no such file or directory
happens die scraper 1
logs "warn REVIVAL gives up scraper: no attempt can help"
happens say scraper 204
posted=$(posts)

# A rule that is changed says whom it has now.
happens add spotter role=node
logs "info revive: rule nodes: \+ spotter \(2 in scope\)$"
happens remove spotter
logs "info NODE REMOVED spotter \([0-9a-f]{12}\): was removed$"
becomes 'decisions.spotter[-1].to' '"missing"'
is "as it was" "$(at 'decisions.spotter[-1].was')" '{"status":"gone"}'
like "which it was" "$(at 'decisions.spotter[-1].container')" '^"[0-9a-f]{64}"$'
is "as the other was when it was given up" \
    "$(at 'decisions.scraper[-1].was | [.status, .exitCode]')" '["exited",1]'
sed -i "s/'node'/'none'/" "$work/rules.yaml"
is "reload" "$(reload)" 200
logs "warn revive: rule nodes: - scraper, - spotter \(none in scope: the rule revives nothing\)$"
is "posts at the end" "$(posts)" "$posted"
check_replay "revival"
end TERM
is "status of the server" "$status" 0
