#!/usr/bin/env bash
# Places that cannot be used: a socket that is not there or no socket, a port
# that is taken, a data directory that is a file, read-only or full.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

# refused NAME WORD RUN OPTION...: ends at once with 1 and a sentence.
refused() {
    local name=$1 word=$2
    shift 2
    run timeout 20 "$program" run "$@"
    is "$name: exit" "$status" 1
    one_sentence "$name" "$err"
    like "$name" "$err" "$word"
}

touch "$work/file"
refused "data is a file" file --no-docker --data "$work/file" \
    --listen "127.0.0.1:$(free_port)"

# An engine that is away may come: it is said, and /logs works meanwhile.
serve --docker "unix://$work/no.sock" && {
    said() { grep -q 'no.sock' "$work/server.err" "$work/server.out"; }
    eventually 10 said || fail "nothing is said of the missing socket"
    is "POST without an engine" "$(post '{"a":1}')" 200
    refused "a taken port" "$port" --no-docker --data "$work/other" \
        --listen "127.0.0.1:$port"
    end TERM
    is "exit" "$status" 0
}
serve --docker "unix://$work/file" && end TERM

if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    finish
fi

mkdir "$work/ro"
run timeout 20 unshare --mount sh -c '
    mount -t tmpfs -o ro,size=1m none "$1/ro" &&
    exec "$2" run --no-docker --listen "127.0.0.1:$3" --data "$1/ro"' \
    sh "$work" "$program" "$(free_port)"
is "read-only: exit" "$status" 1
one_sentence "read-only" "$err"

# Full: what was acknowledged stays, what was not is refused with a 5xx.
mkdir "$work/full"
port=$(free_port)
unshare --mount sh -c '
    mount -t tmpfs -o size=256k none "$1/full" &&
    exec "$2" run --no-docker --listen "127.0.0.1:$3" --data "$1/full"' \
    sh "$work" "$program" "$port" >"$work/server.out" 2>"$work/server.err" &
server=$!
eventually 20 get /-/ready || fail "on a small disk: $(cat "$work/server.err")"
pad=$(head -c 6000 /dev/zero | tr '\0' x)
good=0
for n in {1..100}; do
    code=$(post "{\"n\":{\"\$inc\":1},\"pad\":\"$pad\"}")
    [[ $code == 200 ]] || break
    good=$n
done
like "a full disk is a 5xx" "$code" '^5'
[[ $good -gt 0 ]] || fail "nothing fitted on the small disk"
fitted() { get /state | jq -e ".n == $good"; }
eventually 10 fitted || fail "$good fitted, the state has $(get /state | jq .n)"
is "it is still alive" "$(get /-/healthy >/dev/null && echo yes)" yes
end TERM

# Full from the start: there is room later, and the bounds are then in force.
port=$(free_port)
unshare --mount sh -c '
    mount -t tmpfs -o size=64k none "$1/full" &&
    head -c 65536 /dev/zero >"$1/full/fill"
    exec "$2" run --no-docker --limit nodes=2 --listen "127.0.0.1:$3" \
        --data "$1/full/data"' \
    sh "$work" "$program" "$port" >"$work/server.out" 2>"$work/server.err" &
server=$!
eventually 20 get /-/healthy || fail "on a full disk: $(cat "$work/server.err")"
is "a full disk from the start" "$(post '{"a":1,"b":2,"c":3}')" 503
rm "/proc/$server/root$work/full/fill"
eventually 20 get /-/ready || fail "there is room: $(cat "$work/server.err")"
is "there is room again" "$(post '{"a":1,"b":2,"c":3}')" 200
bounded() { get /state | jq -e '.a == 1 and .monitor.refusals.nodes == 1'; }
eventually 10 bounded || fail "the limit is not in force: $(get /state)"
end TERM
