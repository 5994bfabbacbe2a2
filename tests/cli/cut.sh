#!/usr/bin/env bash
# A recording cut at any byte, or damaged anywhere, ends well: some state that
# was once true, a sentence about what is missing, no crash.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

serve || exit
for n in 1 2 3 4 5; do
    is "POST" "$(post "{\"n\":{\"\$inc\":1},\"last\":$n}")" 200
done
end TERM
cat "$work"/data/*.bwj >"$work/whole.bwj"
size=$(stat -c %s "$work/whole.bwj")
run "$program" replay --state "$work/whole.bwj"
is "the whole" "$out" '{"last":5,"n":5}'

# As many lines as came before the cut, all of them whole.
consistent() {
    [[ $out == '{}' || ! $out ]] ||
        jq -e '.n == .last and .n <= 5' "$work/out" >/dev/null ||
        fail "$1: the state is $out"
}
for ((at = 0; at < size; at += 1 + size / 100)); do
    head -c "$at" "$work/whole.bwj" >"$work/cut.bwj"
    run "$program" replay --state "$work/cut.bwj"
    [[ $status == 0 || $status == 1 ]] || fail "cut at $at: exit $status"
    consistent "cut at $at"
done
for ((at = 0; at < size; at += 1 + size / 40)); do
    cp "$work/whole.bwj" "$work/hurt.bwj"
    printf '\377' |
        dd of="$work/hurt.bwj" bs=1 seek="$at" conv=notrunc status=none
    run "$program" replay --state "$work/hurt.bwj"
    [[ $status == 0 || $status == 1 ]] || fail "hurt at $at: exit $status"
done

# The program itself: it drops the unsealed tail, says so and goes on.
file=$(find "$work/data" -name '*.bwj' | sort | tail -n 1)
head -c -3 "$file" >"$work/short" && cp "$work/short" "$file"
serve || exit
is "POST after the cut" "$(post '{"more":1}')" 200
has_more() { get /state | jq -e '.more == 1 and .n >= 4'; }
eventually 10 has_more || fail "it does not go on after a cut: $(state)"
end TERM
