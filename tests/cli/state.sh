#!/usr/bin/env bash
# state: prints the state of a running monitor and follows its changes.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
unset BLADEWATCH_URL

dead=http://127.0.0.1:$(free_port)
run "$program" state --url "$dead"
is "nobody there: exit" "$status" 1
is "nobody there" "$err" "bladewatch: cannot reach $dead: connection refused;\
 is \`bladewatch run\` running there?"
run "$program" state --watch --url "$dead"
is "nobody to watch: exit" "$status" 1
one_sentence "nobody to watch" "$err"
run "$program" state --url https://127.0.0.1
is "TLS: exit" "$status" 2
run "$program" state --url nowhere
is "no address: exit" "$status" 2
run "$program" state --url "$dead" --token-file "$work/none"
is "no token file: exit" "$status" 2
like "no token file" "$err" 'none cannot be read: No such file'
run "$program" state a b
is "two paths: exit" "$status" 2

serve || exit 1
export BLADEWATCH_URL=http://127.0.0.1:$port
is "posted" "$(post '{"a":{"b":{"c":1.50}},"t":"\u007f\u009b[31m"}')" 200
has_c() { get /state?path=a.b.c; }
eventually 10 has_c || fail "it never arrives"

run "$program" state a
is "a part: exit" "$status" 0
is "a part" "$out" '{"b":{"c":1.50}}'
run "$program" state /a/b/c
is "a pointer" "$out" 1.50
run "$program" state a.x
is "not there: exit" "$status" 1
is "not there" "$err" "bladewatch: the state holds nothing at 'a.x'"
run "$program" state
is "the whole" "$(jq -c .a.b.c <<<"$out")" 1.5

command -v script >/dev/null && {
    run env NO_COLOR=1 script -qec "'$program' state a" /dev/null
    is "on a terminal" "$(tr -d '\r' <<<"$out")" $'{\n  "b": {\n    "c": 1.50\n  }\n}'
    run env -u NO_COLOR script -qec "'$program' state a" /dev/null
    like "in colour" "$out" $'\033\\[3'
    run env NO_COLOR=1 script -qec "'$program' state t" /dev/null
    is "a terminal obeys no log" "$(tr -d '\r' <<<"$out")" \
        '"\u007f\u009b[31m"'
}

# watch: the whole as a patch, then the changes, over a restart.
"$program" state a --watch >"$work/changes" 2>"$work/notes" &
watcher=$!
lines() { [[ $(wc -l <"$work/changes") -ge $1 ]]; }
eventually 10 lines 1 || fail "the watch does not begin"
is "the whole first" "$(head -1 "$work/changes")" \
    '[{"op":"add","path":"","value":{"b":{"c":1.50}}}]'
post '{"a":{"b":{"c":2}}}' >/dev/null
eventually 10 lines 2 || fail "no change comes"
is "a change" "$(sed -n 2p "$work/changes")" \
    '[{"op":"add","path":"/b/c","value":2}]'
end TERM
told() { grep -q "$1" "$work/notes"; }
eventually 10 told 'trying again' || fail "it does not say that it is lost"
serve || exit 1
eventually 20 told 'connected again' || fail "it does not come back"
eventually 10 lines 3 || fail "the whole does not come again"
is "the whole again" "$(sed -n 3p "$work/changes")" \
    '[{"op":"add","path":"","value":{"b":{"c":2}}}]'
kill -INT "$watcher"
eventually 10 is_gone "$watcher" || fail "it does not end"
wait "$watcher"
is "an interrupt is no failure" "$?" 0
end TERM
