#!/usr/bin/env bash
# A segment of the journal that is gone, the first one too, is told of.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

printf 'segment_size: 64KiB\n' >"$work/config.yaml"
serve --config "$work/config.yaml" || exit
pad=$(head -c 7000 /dev/zero | tr '\0' x)
for _ in {1..30}; do
    is "POST" "$(post "{\"n\":{\"\$inc\":1},\"pad\":\"$pad\"}")" 200
done
end TERM
for gone in 00000001 00000002; do
    cp -r "$work/data" "$work/$gone"
    rm "$work/$gone/$gone.bwj"
    run "$program" replay "$work/$gone"
    is "without $gone: exit" "$status" 1
    like "without $gone" "$err" 'records are lost'
done
finish
