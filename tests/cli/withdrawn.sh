#!/usr/bin/env bash
# Who holds a container, or takes a rule back, is obeyed from when it was
# answered: nothing is sent any more, though an act was ordered or under way.
# shellcheck source=tests/cli/engine.bash
. "$(dirname "$0")/engine.bash"

rules() {
    nodes "backoff: 1s, verify_after: 300ms, attempts: 9, breaker: off,
          dry_run: ${2:-false}" "$1"
}
fell=0 # times
# ordered: it falls, and is being looked at before it is started.
ordered() {
    happens slow 0
    happens die scraper 3
    fell=$((fell + 1))
    logs "NODE DOWN scraper" "$fell"
    happens slow 0.9
    logs "REVIVAL starting scraper" "$fell"
}
# well: it runs, and nothing is remembered to be done.
well() {
    happens slow 0
    eventually 15 is_well || fail "it is $(revival)"
}
is_well() { [[ $(revival) == '"ok"' ]]; }
revival() { get '/state?path=monitor.revivals.nodes.scraper.state'; }

rules true
engine_on
happens add scraper role=node
watch || exit
export BLADEWATCH_URL=http://127.0.0.1:$port
becomes containers.scraper.state '"running"'

# While it is looked at.
ordered
run "$program" hold scraper --why "new disk"
is "status of hold" "$status" 0
sleep 2
is "posts once it is held" "$(posts)" 0
becomes acts.scraper.result '"changed"'
like "the message" "$(at acts.scraper.message)" "withdrawn: "
run "$program" release scraper
happens slow 0
logs "info REVIVAL started scraper$"
is "posts once it is released" "$(posts)" 1
well

# A rule that has it no more, and one that only says what it would do.
ordered
rules false
is "reload" "$(reload)" 200
sleep 2
is "posts once the rule is gone" "$(posts)" 1
happens slow 0
happens start scraper
becomes containers.scraper.state '"running"'
rules true
is "reload" "$(reload)" 200
well
ordered
rules true true
is "reload" "$(reload)" 200
sleep 2
is "posts of a dry run" "$(posts)" 1
end TERM
is "status of the server" "$status" 0

# A hold that is on disk, while what is logged waits for its turn for 2 s: the
# order is given in between.
echo "reorder: 2s" >"$work/config.yaml"
happens slow 0
happens start scraper
rules true
watch --config "$work/config.yaml" || exit
becomes containers.scraper.state '"running"'
well
posted=$(posts)
happens die scraper 3
logs "NODE DOWN scraper"
sleep 0.5
run "$program" hold scraper
is "status of hold" "$status" 0
logs "REVIVAL starting scraper"
logs "REVIVAL .* scraper: .*held by anonymous"
sleep 1
is "posts after a hold that was to come" "$(posts)" "$posted"

# The same hold once the process was killed before its turn had come.
run "$program" release scraper
logs "REVIVAL started scraper"
well
posted=$(posts)
happens slow 0.9
happens die scraper 3
logs "REVIVAL starting scraper" 2
run "$program" hold scraper
end KILL
watch --config "$work/config.yaml" || exit
logs "REVIVAL .* scraper: .*held by anonymous"
sleep 2
is "posts after a kill" "$(posts)" "$posted"
end TERM
is "status of the server" "$status" 0
