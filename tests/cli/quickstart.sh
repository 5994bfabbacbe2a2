#!/usr/bin/env bash
# tools/quickstart takes paths from where it is called, as run does.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

# Its tree without the work: the program only tells what it is given.
mkdir -p "$work"/tree/{tools,build} "$work/here"
cp "$top/tools/quickstart" "$work/tree/tools/"
printf '#!/bin/sh\n' | tee "$work"/tree/tools/{deps,build} >"$work/out"
cat >"$work/tree/build/bladewatch" <<'SH'
#!/bin/sh
echo "in $PWD: $BLADEWATCH_RULES, $*"
SH
chmod +x "$work"/tree/{tools,build}/*
cd "$work/here" || exit

unset "${!BLADEWATCH_@}"
run ../tree/tools/quickstart --rules first.yaml --data data
is "exit" "$status" 0
is "what is run" "$(tail -1 <<<"$out")" \
    "in $work/here: first.yaml, run --rules first.yaml --data data"
[[ -d data ]] || fail "data is made elsewhere"
run ../tree/tools/quickstart --data data
is "its own rules" "$(tail -1 <<<"$out")" \
    "in $work/here: $work/tree/rules, run --data data"
run ../tree/tools/quickstart --config c.yaml
is "a file" "$out" "in $work/here: , run --config c.yaml"
