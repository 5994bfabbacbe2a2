#!/usr/bin/env bash
# --dry-run, the dry run of one rule, and --no-revive: the same is decided and
# recorded, and nothing is sent to the engine.
# shellcheck source=tests/cli/engine.bash
. "$(dirname "$0")/engine.bash"

# rules [POLICY]
rules() {
    nodes "backoff: 1s, max_backoff: 1s, attempts: 2, breaker: off${1:-}"
}
# starts_over: another recording, the container runs.
starts_over() {
    rm -rf "$work/data"
    happens start scraper
}
is_dry() { [[ $(at acts.scraper.result) == '"dry_run"' ]]; }

engine_on
happens add scraper role=node
for how in flag environment file rule; do
    rules
    options=()
    case $how in
    flag) options=(--dry-run) ;;
    environment) export BLADEWATCH_DRY_RUN=1 ;;
    file)
        echo 'revive: {dry_run: true}' >"$work/config.yaml"
        options=(--config "$work/config.yaml")
        ;;
    rule) rules ', dry_run: true' ;;
    esac
    watch "${options[@]}" || exit
    unset BLADEWATCH_DRY_RUN
    [[ $how == rule ]] || logs 'revive: dry run, nothing is started$'
    [[ $how == rule ]] || becomes engine.act '"dry_run"'
    happens die scraper 7
    logs "NODE DOWN scraper .*: exited with code 7"
    logs "REVIVAL would start scraper \([0-9a-f]{12}\), attempt 1 of 2: exited with code 7$"
    eventually 15 is_dry || fail "$how: acts.scraper is $(at acts.scraper)"
    is "$how: the act" "$(at 'acts.scraper | [.act, .code, .message]')" \
        '["start",0,""]'
    logs "REVIVAL did not start scraper: dry run: it would have been started$"
    sleep 3
    is "$how: would start" "$(grep -c "REVIVAL would" "$work/server.err")" 1
    is "$how: how it is" "$(get /containers | jq -c \
        'map(select(.name == "scraper")) | .[0].revival | [.state, .attempts]')" \
        '["blocked",0]'
    is "$how: the container" "$(at containers.scraper.state)" '"exited"'
    is "$how: posts" "$(posts)" 0
    check_replay "$how"
    end TERM
    starts_over
done

# Without revival the engine's state says so, and nothing is ordered.
rules
watch --no-revive || exit
logs "revive: off, nothing is started$"
becomes engine.act '"off"'
happens die scraper 7
logs "NODE DOWN scraper .*: exited with code 7"
logs "REVIVAL declines for scraper: observes only"
sleep 3
is "without revival: acts" "$(at acts)" null
is "without revival: posts" "$(posts)" 0
end TERM

# What was left alone then is seen to as soon as it may be.
watch || exit
becomes engine.act '"ok"'
logs "NODE RECOVERED scraper"
is "with revival: posts" "$(posts)" 1
end TERM

# Where there is no revive rule nothing is said of revival.
echo 'groups: []' >"$work/rules.yaml"
watch --dry-run || exit
becomes engine.act '"dry_run"'
is "without a rule" "$(grep -c revive: "$work/server.err")" 0
end TERM
