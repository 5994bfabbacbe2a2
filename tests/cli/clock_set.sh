#!/usr/bin/env bash
# The clock of the machine is set an hour forward and back while a hold for an
# hour stands: it is said, and nothing is started that should not be.
# shellcheck source=tests/cli/engine.bash
. "$(dirname "$0")/engine.bash"

nodes "backoff: 500ms, verify_after: 300ms, breaker: off"

# clock SECONDS: what the server's clock is ahead by.
clock() {
    echo "$1" >"$work/clock.new"
    mv "$work/clock.new" "$work/clock"
}
# The preloaded library need not come behind AddressSanitizer's.
library=$(find /usr/lib -name libfaketimeMT.so.1 -print -quit)
[[ $library ]] || fail "libfaketime is not installed"
cat >"$work/bladewatch" <<SH
#!/bin/sh
export LD_PRELOAD='$library' FAKETIME_TIMESTAMP_FILE='$work/clock'
export FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
export ASAN_OPTIONS="\${ASAN_OPTIONS:-}:verify_asan_link_order=0"
exec '$program' "\$@"
SH
chmod +x "$work/bladewatch"
clock +0
engine_on
happens add scraper role=node
happens add database role=node
program=$work/bladewatch watch || exit
export BLADEWATCH_URL=http://127.0.0.1:$port
becomes containers.scraper.state '"running"'
becomes containers.database.state '"running"'
run "$program" hold scraper --for 1h --why "new disk"
until=$(at holds.scraper.until)
happens die scraper 137
happens die database 137
logs "REVIVAL starting database"
becomes containers.database.state '"running"'
is "what was posted" "$(posts)" 1

# seconds INSTANT: a JSON string, since 1970.
seconds() { date -d "$(jq -r . <<<"$1")" +%s; }
# ahead A B: of two instants, the second is an hour later or nearly so.
ahead() {
    local by=$(($(seconds "$2") - $(seconds "$1")))
    ((by > 3500 && by < 3700))
}
moved() { ahead "$until" "$(at holds.scraper.until)"; }
# Log time, in seconds: as far as the state has come.
log_time() {
    get /metrics | awk '/^bladewatch_watermark_timestamp_seconds / {
        printf "%d", $2 }'
}
followed() { (($(log_time) - $(seconds "$began") > 3500)); }

began=$(at holds.scraper.at)
clock +3600
logs "the clock went forward by 3[56][0-9][0-9] s at once"
eventually 10 moved ||
    fail "the hold ended at $until, and does at $(at holds.scraper.until)"
eventually 10 followed || fail "log time is $(log_time) s"
is "who held it, and why" "$(at 'holds.scraper | [.by, .why]')" \
    '["anonymous","new disk"]'
is "since when" "$(at holds.scraper.at)" "$began"
is "what was posted after an hour" "$(posts)" 1

clock +0
logs "the clock is 3[56][0-9][0-9] s behind what it was"
sleep 1
is "why it is held" "$(at holds.scraper.why)" '"new disk"'
is "what was posted in the end" "$(posts)" 1
run "$program" release scraper
logs "REVIVAL starting scraper"
becomes containers.scraper.state '"running"'
end TERM
