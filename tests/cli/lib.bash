# What the command-line tests share.  A test is a list of checks; it goes on
# after a failed one and ends with 1.  Everything it leaves is in $work.
# shellcheck shell=bash disable=SC2034
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${BLADEWATCH:-$top/build-test/bladewatch}
work=$(mktemp -d)
failures=0
server=
port=

# A sanitizer's complaint is told from an ordinary 1.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:exitcode=99
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-}:exitcode=99

finish() {
    [[ ! $server ]] || kill -KILL "$server" 2>/dev/null
    rm -rf "$work"
    exit $((failures > 0))
}
trap finish EXIT

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run COMMAND...: leaves $status, $out and $err, files $work/out, $work/err.
run() {
    "$@" >"$work/out" 2>"$work/err" </dev/null
    seen $?
}

# feed TEXT COMMAND...: the same with TEXT on standard input.
feed() {
    local text=$1
    shift
    "$@" >"$work/out" 2>"$work/err" < <(printf '%s' "$text")
    seen $?
}

seen() {
    status=$1
    out=$(tr -d '\0' <"$work/out")
    err=$(tr -d '\0' <"$work/err")
    if [[ $status == 99 || $status -gt 128 ]]; then
        fail "it crashed ($status): $err"
    fi
}

# is NAME GOT WANTED
is() {
    [[ $2 == "$3" ]] || fail "$1: got '$2', wanted '$3'"
}

# like NAME GOT PATTERN
like() {
    [[ $2 =~ $3 ]] || fail "$1: got '$2', wanted something like '$3'"
}

# One clear sentence, not a page, and no more than a warning before it.
one_sentence() {
    local lines
    lines=$(grep -c . <<<"$2")
    [[ $lines -ge 1 && $lines -le 2 ]] || fail "$1: said $lines lines: $2"
}

free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

get() {
    curl -fsS --max-time 10 "http://127.0.0.1:$port$1"
}

# post TEXT [CURL OPTION...]: prints the status and keeps the body.
post() {
    local text=$1
    shift
    printf '%s' "$text" | curl -sS --max-time 20 -o "$work/body" \
        -w '%{http_code}' --data-binary @- "$@" "http://127.0.0.1:$port/logs"
}

# eventually SECONDS COMMAND...: asks until it is true.
eventually() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 0.05
    done
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

ready_or_gone() {
    get /-/ready || is_gone "$server"
}

# serve [RUN OPTION...]: on $port and $work/data, without Docker.
serve() {
    local docker=--no-docker
    [[ " $* " != *" --docker "* ]] || docker=
    [[ $port ]] || port=$(free_port)
    "$program" run ${docker:+"$docker"} --listen "127.0.0.1:$port" \
        --data "$work/data" "$@" >"$work/server.out" 2>"$work/server.err" &
    server=$!
    if ! eventually 20 ready_or_gone || is_gone "$server"; then
        fail "the server does not answer: $(cat "$work/server.err")"
        return 1
    fi
}

# end SIGNAL: the server's exit status is left in $status.
end() {
    kill "-$1" "$server"
    wait "$server" 2>/dev/null
    status=$?
    server=
    if grep -qE 'Sanitizer|runtime error' "$work/server.err"; then
        fail "the server crashed: $(cat "$work/server.err")"
    fi
}

# The state as the user sees it, without what the monitor says of itself.
state() {
    get "/state${1:-}" | jq -cS 'del(.monitor)'
}
