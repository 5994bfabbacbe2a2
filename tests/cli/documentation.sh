#!/usr/bin/env bash
# What README.md, doc/rules.md and doc/probes.md show is so: their files of
# rules are without a fault, and what `bladewatch eval` answers is what it says there.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
cd "$top" || exit 1
pages=(README.md doc/rules.md doc/probes.md)

# Fenced blocks of YAML that begin with "groups:", as PAGE.LINE.yaml.
blocks() {
    awk -v at="$work/${1//\//-}" '
    /^```yaml$/ { open = FNR; file = ""; next }
    /^```$/ { open = 0; next }
    open && FNR == open + 1 && $0 == "groups:" { file = at "." FNR ".yaml" }
    open && file { print > file }
    ' "$1"
}

# Commands behind "$ " and what stands below, until the next one, an empty
# line or the end of a block; each as WORK/example.N, the command first.
examples() {
    awk -v at="$work/example." -v n="$2" '
    /^ *\$ / { file = ""; match($0, /^ */); margin = RLENGTH + 1 }
    /^ *\$ (build\/)?bladewatch eval / { n++; file = at n }
    /^$/ || /^```/ { file = "" }
    file { print substr($0, margin) > file }
    END { print n + 0 }
    ' "$1"
}

count=0
for page in "${pages[@]}"; do
    blocks "$page"
    count=$(examples "$page" "$count")
done
for file in "$work"/*.yaml; do
    run "$program" check --lint-fatal "$file"
    is "${file##*/}" "$status" 0 || echo "$out"
done
files=("$work"/*.yaml)
[[ ${#files[@]} -ge 7 ]] || fail "only ${#files[@]} files of rules were found"
[[ $count -ge 5 ]] || fail "only $count examples were found"

# The words of a command are ours: a shell takes their quotes off.
words=()
for example in "$work"/example.*; do
    command=$(sed -n '1s/^\$ //p' "$example")
    eval "words=(${command//\`/\\\`})"
    run sh -c '"$@" 2>&1' sh "$program" "${words[@]:1}"
    is "$command" "$out" "$(sed 1d "$example")"
done
