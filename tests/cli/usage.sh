#!/usr/bin/env bash
# The command line: what is wrong with it, or a file it names that is not
# there, is said once and is a 2.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

wrong() {
    run "$program" "$@"
    is "exit of: $*" "$status" 2
    is "output of: $*" "$out" ''
    [[ $err ]] || fail "nothing was said about: $*"
}

wrong frobnicate
wrong replay
wrong replay --state
wrong replay --frob "$work"
wrong replay --format xml "$work"
wrong replay --until yesterday "$work"
wrong replay --now 1e9x "$work"
wrong run --listen
wrong run --listen nowhere
wrong run --docker unix:///x --no-docker
wrong run --listen 127.0.0.1:99999

run "$program" version
is "version's exit" "$status" 0
like "version" "$out" '^bladewatch [0-9]+\.[0-9]+\.[0-9]+'
run "$program" help
is "help's exit" "$status" 0
for word in run replay state top version; do
    like "help knows $word" "$out" "$word"
done

run "$program" replay --state "$work/nothing-here"
is "a file that is not there" "$status" 2
one_sentence "a file that is not there" "$err"
like "a file that is not there" "$err" 'nothing-here'
echo '{"a":1}' >"$work/state.json"
run "$program" eval "age(state.a) > duration('1s')" --state "$work/state.json"
is "an age in a plain state" "$status" 0
like "an age in a plain state" "$err" '^note: the state has no times'
run "$program" eval state.a --state "$work/state.json"
is "nothing of time" "$err" ''
run "$program" eval "has(state.monitor.revivals)" --state "$work/state.json"
is "what rules derive is not in an eval" "$out" false
like "which is said" "$err" '^note: what rules derive is not in an eval'
run "$program" eval "has(state.monitor.late)" --state "$work/state.json"
is "of what is counted beside rules nothing is said" "$err" ''
for state in nothing-here is-a-directory; do
    [[ $state == nothing-here ]] || mkdir "$work/$state"
    run "$program" eval state --state "$work/$state"
    is "eval: $state" "$status" 2
    one_sentence "eval: $state" "$err"
    like "eval: $state" "$err" "$state"
done
port=$(free_port)
run "$program" run --no-docker --listen 0.0.0.0:"$port" --data "$work/data"
[[ $status == 1 || $status == 2 ]] || fail "open to all: exit $status"
like "open to all without a word" "$err" 'allow-anonymous|token'
