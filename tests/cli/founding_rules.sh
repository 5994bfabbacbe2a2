#!/usr/bin/env bash
# The founding rules in rules/: without a fault, and each of them shown at work
# and at rest by what is expected of the fixtures.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

run "$program" check "$top/rules"
is "check" "$status $err" "0 "

reports=()
for report in "$top"/fixtures/*/expect.report.json; do
    [[ -d $(dirname "$report")/rules ]] || reports+=("$report")
done

# missing FILTER: the rules of which no report, or every one, says that it was
# seen; FILTER gives the name and whether it was seen.
missing() {
    jq -rs "[.[] | $1] | group_by(.name)[] |
        select((any(.[]; .seen) and any(.[]; .seen | not)) | not) |
        .[0].name" "${reports[@]}"
}

is "alerts that no fixture shows firing, or none quiet" "$(missing \
    '.alerts[] | {name: .rule, seen: (.fired > 0)}')" ""
is "alerts that no fixture shows resolving, or none quiet" "$(missing \
    '.alerts[] | {name: .rule, seen: (.resolved > 0)}')" ""
is "machines that no fixture shows climbing, or none at nothing" "$(missing \
    '.machines[] | {name: .rule, seen: (.instances != [])}')" ""
is "intents that no fixture shows resolved, or none" "$(missing \
    '.intents[] | {name: .rule, seen: (.open.resolved > 0)}')" ""
is "intents that no fixture shows late, or none" "$(missing \
    '.intents[] | {name: .rule, seen: (.open.late > 0)}')" ""
is "revivals that no fixture shows, or none at rest" "$(missing \
    '.revivals[] | {name: .rule, seen: (.revived > 0)}')" ""
is "counts that no fixture shows counting, or none at nothing" "$(missing \
    '.counts[] | {name: .rule, seen: (.value > 0)}')" ""
is "errors that no fixture shows, or none without" "$(missing \
    '.errors[] | {name: .rule, seen: (.count > 0)}')" ""
