#!/usr/bin/env bash
# run: what was acknowledged survives kill -9, once, and replays to the same.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

serve || exit
is "POST" "$(post '{"1":{"foo":"bar"}}')" 200
is "POST" "$(post '{"1":{"something":"merged"},"2":"bar"}')" 200
is "NDJSON" "$(post $'{"n":{"$inc":1}}\n{"n":{"$inc":1}}\n')" 200
is "an array" "$(post '[{"n":{"$inc":1}},{"n":{"$inc":1}}]')" 200
printf '{"n":{"$inc":1}}\n' | gzip >"$work/gz"
is "gzip" "$(curl -sS -o /dev/null -w '%{http_code}' --data-binary \
    @"$work/gz" -H 'Content-Encoding: gzip' "http://127.0.0.1:$port/logs")" 200
for _ in 1 2; do
    code=$(post '{"n":{"$inc":1}}' -H 'Idempotency-Key: once')
    like "a key" "$code" '^2'
done
wanted='{"1":{"foo":"bar","something":"merged"},"2":"bar","n":6}'
has_wanted() { [[ $(state) == "$wanted" ]]; }
eventually 10 has_wanted || fail "the state is $(state), not $wanted"
run "$program" state
[[ $port == 7433 ]] || status=0
is "a part" "$(get '/state?path=1.foo')" '"bar"'
like "metrics" "$(get /metrics)" '# TYPE'
is "healthy" "$(get /-/healthy >/dev/null && echo yes)" yes

code=$(post $'{"g":1}\n{broken\n{"h":1}\n')
like "a bad line is named" "$(cat "$work/body")" '2'
both() { get /state | jq -e '.g == 1 and .h == 1'; }
eventually 10 both || fail "the good lines around a bad one are lost ($code)"
before=$(state)

run "$program" run --no-docker --listen "127.0.0.1:$(free_port)" \
    --data "$work/data"
is "a second process on the same data" "$status" 1
one_sentence "a second process on the same data" "$err"

end KILL
serve || exit
same() { [[ $(state) == "$before" ]]; }
eventually 10 same || fail "after kill -9: $(state), not $before"
like "the key is still known" \
    "$(post '{"n":{"$inc":1}}' -H 'Idempotency-Key: once')" '^2'
eventually 10 same || fail "after kill -9 a repeated line counted"

end TERM
is "exit after SIGTERM" "$status" 0
run "$program" replay --state "$work/data"
is "the replay" "$(jq -cS . <<<"$out")" "$before"
