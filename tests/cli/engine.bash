# What the tests with containers share: an engine that is made up.
# shellcheck shell=bash source=tests/cli/rules.bash disable=SC2034
. "$(dirname "${BASH_SOURCE[0]}")/rules.bash"
engine=
actor= # another engine
did=0

finish() {
    [[ ! $server ]] || kill -KILL "$server" 2>/dev/null
    [[ ! $engine ]] || kill -KILL "$engine" 2>/dev/null
    [[ ! $actor ]] || kill -KILL "$actor" 2>/dev/null
    [[ ! $hook ]] || hook_off
    rm -rf "$work"
    exit $((failures > 0))
}

# engine_on: what it is posted is in $work/posts.
engine_on() {
    mkfifo "$work/engine.in"
    : >"$work/posts"
    : >"$work/posts.did"
    "$here/engine" "$work/engine.sock" "$work/posts" <"$work/engine.in" \
        2>"$work/engine.err" &
    engine=$!
    disown "$engine"
    exec 9>"$work/engine.in"
    eventually 10 test -S "$work/engine.sock" ||
        fail "the engine does not listen: $(cat "$work/engine.err")"
}

# happens VERB [WORD...]: see tests/cli/engine.
happens() {
    did=$((did + 1))
    echo "$*" >&9
    eventually 10 has_happened || fail "$*: $(cat "$work/engine.err")"
}
has_happened() { [[ $(wc -l <"$work/posts.did") == "$did" ]]; }

posts() { wc -l <"$work/posts"; }

# nodes [POLICY [CONDITION]]: the rule that revives those with role=node, in
# $work/rules.yaml; POLICY as it stands between braces.
nodes() {
    cat >"$work/rules.yaml" <<YAML
groups:
  - name: healing
    rules:
      - revive: nodes
        containers: c.labels.?role.orValue('') == 'node' && ${2:-true}
        when: c.state == 'exited'
        policy: {${1:-}}
YAML
}

# watch [RUN OPTION...]: serves with this engine under $work/rules.yaml.
watch() {
    serve --docker "unix://$work/engine.sock" --rules "$work/rules.yaml" "$@"
}

# at PATH: the state there, or "null".
at() {
    get "/state?path=docker" | jq -cS ".$1"
}
# becomes PATH VALUE: within 15 s.
becomes() {
    eventually 15 at_is "$1" "$2" || fail "$1: $(at "$1"), not $2"
}
at_is() { [[ $(at "$1") == "$2" ]]; }

# logged PATTERN [N]: so many lines of the log.
logged() {
    [[ $(grep -cE "$1" "$work/server.err") == "${2:-1}" ]]
}
logs() {
    eventually "${3:-15}" logged "$1" "${2:-1}" ||
        fail "'$1' is logged $(grep -cE "$1" "$work/server.err") times, not ${2:-1}"
}
