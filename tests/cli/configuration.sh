#!/usr/bin/env bash
# run: what is wrong with the configuration is said, with its place, and
# nothing starts; the file is weaker than the environment and the flags.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
unset DOCKER_HOST DOCKER_TLS_VERIFY DOCKER_API_VERSION

file=$work/c.yaml

# refuses NAME TEXT PATTERN: the file is refused, the first line says so.
refuses() {
    printf '%s' "$2" >"$file"
    run "$program" run --config "$file" --no-docker --data "$work/data"
    is "$1: exit" "$status" 2
    like "$1" "$(head -1 <<<"$err")" "^$file:$3"
    [[ ! -e $work/data ]] || fail "$1: it has begun"
}

refuses "an unknown key" $'data: /x\nlisen: 127.0.0.1:1\n' \
    '2:1: unknown key "lisen"; did you mean "listen"\?$'
refuses "an unknown key inside" $'docker:\n  histroy: all\n' \
    '2:3: unknown key "histroy"; did you mean "history"\?$'
refuses "a wrong type" $'listen: [1]\n' \
    '1:9: listen: a single value is wanted, not a list$'
refuses "a wrong value" $'\n\nfsync: maybe\n' \
    '3:8: fsync: "maybe" is not one of always, interval, never$'
refuses "a key twice" $'data: /a\ndata: /b\n' \
    '2:1: the key "data" stands here twice$'
refuses "a receiver that is none" \
    'notify: {receivers: [{webhook: "ftp://h"}]}' \
    '1:32: webhook: "ftp://h" is no URL of a receiver: write it like'
refuses "an act_host that is none" $'docker: {act_host: host}\n' \
    '1:20: act_host: "host" is no Docker engine; write unix:///path'
refuses "statistics too often" $'docker: {stats: 10ms}\n' \
    '1:17: stats: "10ms" is no span from 1s to 10m, nor 0 for none'
refuses "a dry run that is no switch" $'revive: {dry_run: maybe}\n' \
    '1:19: dry_run: true or false is wanted, not "maybe"$'
refuses "a misspelt switch of revival" $'revive:\n  enable: true\n' \
    '2:3: unknown key "enable"; did you mean "enabled"\?$'
refuses "no YAML" $'listen: "x\n' '[0-9]+:[0-9]+: this is not YAML: '
refuses "a bomb" 'a: &a [*a]' '1:8: the alias \*a stands inside'
refuses "a secret that is not there" \
    'tokens: [{name: a, file: none, may: [read]}]' \
    '1:26: file: .*/none cannot be read: No such file or directory$'

printf 'lisen: 1\nfsync: x\n' >"$file"
run "$program" run --config "$file"
is "all problems are told" "$(grep -c "^$file:" <<<"$err")" 2

head -c 100000 /dev/urandom >"$file"
run "$program" run --config "$file"
is "a binary file: exit" "$status" 2
one_sentence "a binary file" "$err"

run "$program" run --config "$work/none.yaml"
is "no such file: exit" "$status" 2
is "no such file" "$err" \
    "$work/none.yaml: cannot be read: No such file or directory"

# usage_error PATTERN ARGUMENT...
usage_error() {
    run "$program" run "${@:2}"
    is "${*:2}: exit" "$status" 2
    like "${*:2}" "$(head -1 <<<"$err")" "$1"
}

usage_error '--rules: cannot read' --rules x
usage_error '--docker and --no-docker exclude' --docker unix:///x --no-docker
usage_error '--listen: cannot listen on' --listen nowhere
usage_error '--fsync: "x" is not one of' --fsync x
usage_error '--docker: an engine over ssh:// is not' --docker ssh://h
usage_error '--docker-act: TLS to the engine' --docker-act https://h
usage_error '--docker: "h" is no Docker engine' --docker-read h
usage_error '--limit: there is no limit "nods"' --limit nods=1
usage_error '--data: a directory is wanted' --data ''
usage_error '--webhook: "h:9" is no URL of a receiver' --webhook h:9
usage_error '--alertmanager: "http://:1" is no URL' --alertmanager http://:1
usage_error 'takes no argument, got "x"' x

# environment_error PATTERN ASSIGNMENT...
environment_error() {
    run env "${@:2}" "$program" run --data "$work/data"
    is "${*:2}: exit" "$status" 2
    one_sentence "${*:2}" "$err"
    like "${*:2}" "$err" "$1"
}

environment_error 'BLADEWATCH_LISTEN: cannot listen' BLADEWATCH_LISTEN=x
environment_error 'BLADEWATCH_FSYNC: "x"' BLADEWATCH_FSYNC=x
environment_error 'BLADEWATCH_WEBHOOK: "x"' BLADEWATCH_WEBHOOK=x
environment_error 'BLADEWATCH_ALERTMANAGER: "x"' BLADEWATCH_ALERTMANAGER=x
environment_error 'BLADEWATCH_DRY_RUN is true or false' BLADEWATCH_DRY_RUN=x
environment_error 'BLADEWATCH_REVIVE is true or false' BLADEWATCH_REVIVE=x
environment_error 'BLADEWATCH_DOCKER_ACT: "x" is no' BLADEWATCH_DOCKER_ACT=x
environment_error 'BLADEWATCH_DOCKER_READ: "x" is no' BLADEWATCH_DOCKER_READ=x
environment_error 'ssh:// is not supported' DOCKER_HOST=ssh://h
environment_error 'DOCKER_TLS_VERIFY asks for TLS to tcp://act:1' \
    BLADEWATCH_DOCKER_ACT=tcp://act:1 DOCKER_TLS_VERIFY=1
environment_error 'DOCKER_TLS_VERIFY asks for TLS' \
    DOCKER_HOST=tcp://127.0.0.1:1 DOCKER_TLS_VERIFY=1

run "$program" run --help
is "run --help: exit" "$status" 0
like "run --help" "$out" '--config FILE'

# The example is true: as it is, and with everything in it switched on.
mkdir "$work/secrets"
cp -r "$top/rules" "$work/rules"
(umask 077 && echo a >"$work/secrets/orchestrator" &&
    echo b >"$work/secrets/dashboard" && echo c >"$work/secrets/pager")
port=$(free_port)
sed -E -e 's/^#((  )*[^ ])/\1/' -e "s/7433/$port/" \
    -e "s:/var/lib/bladewatch:$work/data:" \
    "$top/doc/bladewatch.yaml.example" >"$work/full.yaml"
grep -q '^listen:' "$work/full.yaml" || fail "the example was not switched on"
run "$program" run --config "$top/doc/bladewatch.yaml.example" --listen 0.0.0.0:1x
is "the example itself" "$(head -1 <<<"$err" | grep -c 'cannot listen')" 1
serve --config "$work/full.yaml" && {
    run "$program" state --url "http://127.0.0.1:$port"
    is "reading without the token" "$status" 1
    like "reading without the token" "$err" 'reading needs a token'
    run "$program" state --url "http://127.0.0.1:$port" \
        --token-file "$work/secrets/dashboard"
    is "reading with the token" "$status" 0
    end TERM
}
port=
rm -rf "$work/data"

# File, environment, flag: the later, the stronger.
port=$(free_port)
printf 'listen: 127.0.0.1:1\n' >"$file"
export BLADEWATCH_LISTEN=127.0.0.1:2
serve --config "$file" && end TERM
is "a flag is the strongest: exit" "$status" 0
