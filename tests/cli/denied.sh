#!/usr/bin/env bash
# What may not act observes, and says so once: a proxy that answers 403, an
# address of its own for acts, an engine that is away.
# shellcheck source=tests/cli/engine.bash
. "$(dirname "$0")/engine.bash"

nodes "backoff: 500ms, max_backoff: 500ms, breaker: off"
# said VERB: decisions of the rule that say so.
said() {
    metric "bladewatch_revive_decisions_total{group=\"healing\",rule=\"nodes\",verb=\"$1\"}"
}
# acts_are STATE: of all there are.
acts_are() {
    local state
    for state in ok denied unreachable off dry_run; do
        is "metric of $state, acts being $1" \
            "$(metric "bladewatch_docker_act{state=\"$state\"}")" \
            "$([[ $state != "$1" ]]; echo $?)"
    done
}

engine_on
happens add scraper role=node
happens deny
watch || exit
becomes containers.scraper.state '"running"'
becomes engine.act '"ok"'
acts_are ok
is "refused at the start" "$(said refused)" 0
happens die scraper 1
becomes engine.act '"denied"'
acts_are denied
becomes acts.scraper.result '"denied"'
logs "warn docker: the Docker endpoint .* lets nothing be started"
logs "REVIVAL declines for scraper: observes only"
is "refused once it was denied" "$(said refused)" 1
is "declined once it was denied" "$(said declines)" 1
if command -v promtool >/dev/null; then
    get /metrics | promtool check metrics >"$work/checked" 2>&1 ||
        fail "promtool: $(cat "$work/checked")"
fi
sleep 4
is "posts once it was denied" "$(posts)" 1
is "said once" "$(grep -c "lets nothing be started" "$work/server.err")" 1

# A connection made anew may be another's.
happens allow
happens cut
logs "NODE RECOVERED scraper"
is "posts once it is allowed" "$(posts)" 2
becomes engine.act '"ok"'
end TERM

# Acts have an address of their own; what reads never goes there.
: >"$work/posts"
mkdir "$work/act"
mkfifo "$work/act.in"
"$here/engine" "$work/act.sock" "$work/act/posts" <"$work/act.in" 2>/dev/null &
actor=$!
disown "$actor"
exec 8>"$work/act.in"
eventually 10 test -S "$work/act.sock" || fail "the other engine"
watch --docker-act "unix://$work/act.sock" || exit
is "declined, the server having started again" "$(said declines)" 1
happens die scraper 1
becomes acts.scraper.result '"missing"'
is "posts where it reads" "$(posts)" 0
like "posts where it acts" "$(cat "$work/act/posts")" '/start$'
kill -KILL "$actor"
actor=

# The actor is away: no order is lost, and nothing is sent to the reader.
happens start scraper
becomes containers.scraper.state '"running"'
happens die scraper 1
logs "REVIVAL refused scraper: the engine is not reachable"
logs "warn docker: nothing can be started: nobody listens on Docker's socket .*act.sock: the engine is down$"
becomes engine.act '"unreachable"'
acts_are unreachable
is "posts where it reads, the actor being away" "$(posts)" 0
end TERM

# That is said at the start already, and its end.
rm "$work/act.sock"
watch --docker-act "unix://$work/act.sock" || exit
logs "warn docker: nothing can be started: Docker's socket .*act.sock does not exist: is the engine running, and its socket mounted here\?$"
becomes engine.act '"unreachable"'
rm "$work/act.in"
mkfifo "$work/act.in"
"$here/engine" "$work/act.sock" "$work/act/posts" <"$work/act.in" 2>/dev/null &
actor=$!
disown "$actor"
exec 8>"$work/act.in"
logs "info docker: the Docker endpoint .*act.sock answers now$"
becomes engine.act '"ok"'
end TERM
is "status of the server" "$status" 0
