#!/usr/bin/env bash
# top: the containers of a running monitor, as docker stats would show them.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
unset BLADEWATCH_URL
export NO_COLOR=1

port=$(free_port)
url=http://127.0.0.1:$port
run "$program" top --once --url "$url"
is "nobody there: exit" "$status" 1
is "nobody there" "$err" "bladewatch: cannot reach $url: connection refused;\
 is \`bladewatch run\` running there?"
for wrong in "--interval 0" "--interval 99ms" "--interval often" \
    "--sort colour" "--url nowhere" "--frob"; do
    # shellcheck disable=SC2086
    run "$program" top --once $wrong
    is "$wrong: exit" "$status" 2
    [[ $err ]] || fail "$wrong: nothing was said"
done

# container NAME ID STATE CPU MEM: one that nobody misses.
container() {
    printf '{"id":"%s","name":"%s","state":"%s","exit_code":0,"stats":' \
        "$2" "$1" "$3"
    [[ $3 == running ]] || { printf 'null}' && return; }
    printf '{"cpuPercent":%s,"memUsage":%s,"text":{"cpu":"%s%%",' "$4" "$5" "$4"
    printf '"mem":"%sB / 64MiB","memPercent":"0.01%%","net":"0B / 0B",' "$5"
    printf '"blk":"1B / 2B","pids":"1"}}}'
}
# containers TEXT: what the server answers from now on, at once.
containers() {
    printf '%s' "$1" >"$work/next" && mv "$work/next" "$work/containers"
}
web=$(container web 0123456789abcdef running 12.50 100)
db=$(container db fedcba9876543210 running 0.25 900)
old=$(container old 00000000000000000 exited 0 0)
containers "[$web,$db,$old]"
"$top/tests/cli/page" "$port" "$work/containers" "$work/engine" &
server=$!
export BLADEWATCH_URL=$url
eventually 10 get /containers || fail "the page is not served"

run "$program" top --once
is "once: exit" "$status" 0
is "once" "$out" "\
CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS      STATE     PROBE     REVIVAL
fedcba987654   db        0.25%     900B / 64MiB        0.01%     0B / 0B   1B / 2B     1         running   -         -
0123456789ab   web       12.50%    100B / 64MiB        0.01%     0B / 0B   1B / 2B     1         running   -         -"
is "once: on stderr" "$err" ''

column() { awk 'NR > 1 { printf "%s ", $2 }' <<<"$out"; }
run "$program" top --once -a
is "all of them" "$(column)" 'db old web '
run "$program" top --once --sort cpu
is "by CPU" "$(column)" 'web db '
run "$program" top --once --sort mem
is "by memory" "$(column)" 'db web '
run "$program" top --once old
is "one that is named" "$(column)" 'old '
run "$program" top --once web 123
is "nobody's name: exit" "$status" 1
is "nobody's name" "$err" 'bladewatch: there is no container "123"'
is "nobody's name: the others" "$(column)" 'web '
run "$program" top --once 123 456
is "nobody's names: exit" "$status" 1
is "nobody's names" "$err" 'bladewatch: there is no container "123", "456"'
is "nobody's names: no table" "$out" ''

# An engine that is down is said above what is shown.
printf '{"state":"up","since":"2026-11-20T12:00:03.5Z"}' >"$work/engine"
run "$program" top --once
like "the engine is up" "$out" '^CONTAINER ID'
printf '{"state":"down","since":"2020-11-20T12:00:03.5Z","why":"gone\\n"}' \
    >"$work/engine"
run "$program" top --once
is "the engine is down: exit" "$status" 0
is "the engine is down" "$(sed -n 1p <<<"$out")" "the Docker engine has been \
down since 2020-11-20T12:00:03Z (gone\u000a); what is shown is from then"
is "the engine is down: the table" "$(sed 1d <<<"$out" | wc -l)" 3
printf '{"state":"down","since":"%s","why":"x"}' "$(date -u +%FT%T.5Z)" \
    >"$work/engine"
run "$program" top --once
like "down since today" "$out" '^the Docker engine has been down since [0-9:]+Z \(x\); '
run "$program" top --once --json
is "as JSON nothing is above" "$(wc -l <"$work/out")" 1
rm "$work/engine"

run "$program" top --once --json web
is "json: exit" "$status" 0
is "json: one line" "$(wc -l <"$work/out")" 1
is "json" "$(jq -c '.[] | [.name, .stats.cpuPercent]' <<<"$out")" '["web",12.5]'

containers '{"not":"a list"}'
run "$program" top --once
is "no list: exit" "$status" 2
is "no list" "$err" \
    'bladewatch: no list of containers came; is that a bladewatch?'
rm "$work/containers"
run "$program" top --once
is "refused: exit" "$status" 1
is "refused" "$err" 'bladewatch: it is overloaded'

# Elsewhere than on a terminal: table after table, over a loss.
containers "[$web]"
"$program" top --interval 100ms >"$work/tables" 2>"$work/notes" &
watcher=$!
tables() { [[ $(grep -c ^CONTAINER "$work/tables") -ge $1 ]]; }
told() { grep -q "$1" "$work/notes"; }
eventually 10 tables 2 || fail "no second table comes"
is "an empty line between" "$(sed -n 3p "$work/tables")" ''
rm "$work/containers"
eventually 10 told 'trying again' || fail "it does not say that it is lost"
containers "[$web]"
eventually 10 told 'connected again' || fail "it does not come back"
is "what was said" "$(cat "$work/notes")" "\
bladewatch: it is overloaded; trying again
bladewatch: connected again"
seen=$(grep -c ^CONTAINER "$work/tables")
eventually 10 tables $((seen + 2)) || fail "it does not go on"
grep -q $'\033' "$work/tables" && fail "a pipe is no terminal"
kill -INT "$watcher"
eventually 10 is_gone "$watcher" || fail "it does not end"
wait "$watcher"
is "an interrupt is no failure" "$?" 0

# On a terminal: in place, over a loss, another size and a stop.
run "$top/tests/cli/terminal" 100x10 \
    see:web "run:rm '$work/containers'" 'see:it is overloaded; trying again' \
    "see:-- / --" "run:printf '[%s]' '$web' >'$work/containers'" \
    see:12.50% size:60x10 see:$'PROBE\033[K' key:'\x1a' stopped see:12.50% \
    key:'\x03' -- "$program" top --interval 100ms
is "on a terminal: exit" "$status" 0
is "on a terminal: said" "$err" ''
begin=$'\033[?1049h\033[?25l\033[H'
close=$'\033[?25h\033[?1049l'
[[ $out == "$begin"* ]] || fail "it does not open a screen: ${out:0:40}"
is "screens opened, and closed" \
    "$(grep -oF "$begin" <<<"$out" | wc -l) $(grep -oF "$close" <<<"$out" |
        wc -l)" '2 2'
last=${out##*"$close"}
is "the last table stays" "$(tr -d '\r' <<<"$last")" "\
NAME      CPU %     MEM USAGE / LIMIT   STATE     PROBE
web       12.50%    100B / 64MiB        running   -"
containers "[$web]"
run "$top/tests/cli/terminal" 100x10 see:web key:'\x03' -- \
    env -u NO_COLOR "$program" top
grep -q $'\033\\[3[0-9]m' <<<"$out" && fail "what is well has a colour"
containers '[{"name":"n","state":"dead"}]'
run "$top/tests/cli/terminal" 100x10 see:$'\033[31m--' key:'\x03' -- \
    env -u NO_COLOR "$program" top
is "red: exit" "$status" 0
run "$top/tests/cli/terminal" 100x10 -- "$program" top --once
is "once on a terminal" "$(tr -d '\r' <<<"$out" | tail -1)" \
    "--             n         --        -- / --             --        dead      -         -"
containers "[$web]"
run "$top/tests/cli/terminal" 100x10 "see:no container \"123\"" see:web \
    key:'\x03' -- "$program" top web 123
is "nobody's name on a terminal: exit" "$status" 0
kill "$server"
wait "$server" 2>/dev/null
server=
