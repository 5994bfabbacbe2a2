# The founding rules on the founding cluster: a spotter that never answers, a
# burst of errors and a node that crashes and is revived become alerts at a webhook and at an
# Alertmanager; the spotter is mended, and what was about it ends.  bladewatch
# runs beside the engine here, not in it.  Sourced by tests/engine/cluster.
# shellcheck shell=bash disable=SC2154

helpers=()
port=$(free_port)
hook=$(free_port)
am=http://127.0.0.1:$(free_port)

# helper COMMAND...: in the background, until the end.
helper() {
    "$@" >>"$work/helpers" 2>&1 &
    helpers+=($!)
}

end_helpers() {
    [[ ${#helpers[@]} == 0 ]] || kill -TERM "${helpers[@]}" 2>/dev/null
    wait "${helpers[@]}" 2>/dev/null
    helpers=()
}

ask() {
    curl -fsS --max-time 5 "http://127.0.0.1:$port$1"
}

receivers() {
    echo ok >"$work/mode"
    : >"$work/told"
    helper tests/cli/receiver "$hook" "$work/told" "$work/mode"
    echo '{"route":{"receiver":"none"},"receivers":[{"name":"none"}]}' \
        >"$work/am.yml"
    helper prometheus-alertmanager --config.file="$work/am.yml" \
        --storage.path="$work/am" --web.listen-address="${am#http://}" \
        --cluster.listen-address=
    eventually 20 curl -fs "$am/-/ready"
}

watch() {
    helper "$program" run --docker "$DOCKER_HOST" --data "$work/watched" \
        --listen "127.0.0.1:$port" --rules rules \
        --webhook "http://127.0.0.1:$hook/hook" --alertmanager "$am"
    watcher=${helpers[-1]}
    eventually 20 ask /-/ready
}

# up ANSWERS SERVICE...: blades, of which the spotter answers or not.
up() {
    env ROUNDS=10 PAUSE=0.5 LEASE=3600 ERRORS=5 NODE_DIES_AFTER=4 \
        NODE_DEATHS=1 SENDS="$1" SPOTTER_ANSWERS="$1" docker-compose -p "$project" up -d --no-build \
        "${@:2}"
}

# What fires, as each of the three has it: its name and what tells it apart.
what='.labels | [.alertname, .id // .rule // .name] | join(" ")'
fires_here() {
    ask /api/v1/alerts |
        jq -r ".data.alerts[] | select(.state == \"firing\") | $what" | sort
}
fires_there() {
    curl -fsS "$am/api/v2/alerts?active=true" | jq -r ".[] | $what" | sort
}
# Told to fire, and not to have ended since.
fires_at_the_webhook() {
    jq -rs "[.[].body.alerts[]] | group_by($what)[] | .[-1] |
        select(.status == \"firing\") | $what" "$work/told" | sort
}

# fire ALERT...: these, no others, and everybody knows.
fire() {
    local wanted who
    wanted=$(printf '%s\n' "$@" | sort)
    for who in fires_here fires_there fires_at_the_webhook; do
        [[ $($who) == "$wanted" ]] || {
            echo "$who: $($who)"
            return 1
        }
    done
}

fire_soon() {
    eventually "$@" || "${@:2}"
}

# Someone who is woken by it is told who, what and where to look.
speaks_for_itself() {
    jq -es '[.[].body.alerts[] | select(.labels.alertname == "NoDataReceived"
        and .labels.id == "scrape-1")][0] |
        .labels.severity == "critical" and .labels.blade == "spotter" and
        (.annotations.summary |
            test("^scrape-1: scraper-a scrapes, but spotter receives")) and
        (.annotations.description | test("Is spotter running"))' "$work/told"
}

# The report of the running process, which is quiet, is that of its recording.
same_report() {
    ask /report >"$work/report" &&
        "$program" replay --report --json "$work/watched" >"$work/again" &&
        cmp "$work/report" "$work/again"
}

in_the_report() {
    jq -e '([.intents[] | select(.rule == "scrape")][0].open.late == 2) and
        ([.counts[] | select(.rule == "items_collected")][0].value > 0) and
        ([.errors[].count] | add) == 11' "$work/report"
}

# The recording brings the rules that it was made under.
same_timeline() {
    "$program" replay --timeline "$work/watched" >"$work/timeline" &&
        "$program" replay --timeline --rules rules "$work/watched" \
            >"$work/timeline.rules" &&
        cmp "$work/timeline" "$work/timeline.rules" && [[ -s $work/timeline ]]
}

same_state_again() {
    ask /state | jq -S 'del(.monitor)' >"$work/state.live" &&
        "$program" replay --state "$work/watched" | jq -S . |
        diff "$work/state.live" -
}

ends_well() {
    kill -TERM "$watcher" && wait "$watcher"
}

check_alerts() {
    local rest=("NodeRevived cluster_node_1" "TooManyErrors logged"
        "TooManyErrors reported")

    check "a webhook and an Alertmanager listen" receivers
    check "bladewatch watches under the founding rules" watch
    check "the blades start, and the spotter will not answer" \
        up no orchestrator scraper-a scraper-b spotter node
    check "errors and a crash are alerts here, at the webhook and at Alertmanager" \
        fire_soon 30 fire "${rest[@]}"
    check "at the deadline the silent spotter is one, and nothing else" \
        fire_soon 50 fire "${rest[@]}" \
        "NoDataReceived scrape-1" "NoDataReceived scrape-2"
    check "the alert says who, what and where to look" speaks_for_itself
    check "the spotter is mended" up yes spotter
    check "its alerts end everywhere, the others do not" \
        fire_soon 30 fire "${rest[@]}"
    check "GET /report is the report of the recording" \
        eventually 20 same_report
    check "it has the late intents, the items and all errors" in_the_report
    check "the recording replays to the state that is served" \
        eventually 10 same_state_again
    check "and to one timeline, under its own rules and under rules/" \
        same_timeline
    check "bladewatch ends well" ends_well
    if [[ $failed != 0 ]]; then
        echo "---- bladewatch and the receivers said"
        tail -n 30 "$work/helpers"
    fi
    end_helpers
}
