#!/usr/bin/env bash
# `bladewatch hold` and `release`: who may, what is said, what is in the state,
# and that what was answered is not forgotten.
# shellcheck source=tests/cli/engine.bash
. "$(dirname "$0")/engine.bash"

nodes
engine_on
happens add scraper role=node
happens add database
watch || exit
becomes containers.scraper.state '"running"'
becomes containers.database.state '"running"'
export BLADEWATCH_URL=http://127.0.0.1:$port

# What it did and what follows.
run "$program" hold scraper --why "disk is being changed"
is "status of hold" "$status" 0
is "hold" "$out" "scraper is held: revival keeps off it"
becomes holds.scraper.why '"disk is being changed"'
becomes holds.scraper.by '"anonymous"'
becomes holds.scraper.until null
run "$program" hold database
is "hold of another" "$out" \
    "database is held: no revive rule has it in its scope"
run "$program" hold scraper --for 1h --why again
like "hold in the place of another" "$out" "^scraper is held until [0-9T:-]+Z:\
 revival keeps off it; was held by anonymous: disk is being changed$"
becomes 'holds.scraper | .until > .at' true
run "$program" hold scraper
like "hold in the place of one with a time" "$out" "^scraper is held: revival\
 keeps off it; was held until [0-9T:-]+Z by anonymous: again$"
becomes holds.scraper.until null
run "$program" hold --all --for 30h
like "hold --all" "$out" \
    "^all containers are held until 20[0-9T:-]+Z: revival keeps off them$"
becomes 'holds | keys' '["*","database","scraper"]'
run "$program" release scraper database
is "status of release" "$status" 0
is "release while all are held" "$out" "scraper is released, but all are held \
('bladewatch release --all'); it is running: revival keeps off it
database is released, but all are held ('bladewatch release --all'); it is \
running: no revive rule has it in its scope"
becomes holds.scraper null
becomes 'holds | keys' '["*"]'
run "$program" release --all
is "release --all" "$out" \
    "all containers are released: revival looks after them again"
becomes 'holds // {}' '{}'
becomes 'releases | keys' '["*","database","scraper"]'

# To release all is to release each.
run "$program" hold scraper
run "$program" release --all --json
is "as JSON" "$(jq -c . <<<"$out")" \
    '{"container":"*","held":false,"was":null,"follows":"revival looks after them again"}'
becomes 'holds // {}' '{}'

# A hold for a time ends by itself.
run "$program" hold scraper --for 2s --json
like "until" "$(jq -r .until <<<"$out")" "^20.*Z$"
is "state and revival" "$(jq -c '[.container, .held, .state, .rule]' \
    <<<"$out")" '["scraper",true,"running","nodes"]'
is "JSON of two" "$("$program" release scraper database --json |
    jq -c '[.container, .held, .rule]')" \
    $'["scraper",false,"nodes"]\n["database",false,null]'
run "$program" hold scraper --for 2s
becomes 'holds // {}' '{}'
# One without a time takes the place of one with it.
run "$program" hold scraper --for 1s
run "$program" hold scraper
sleep 2
becomes 'holds | keys' '["scraper"]'

# Nothing that was answered is forgotten.
end KILL
watch || exit
becomes 'holds | keys' '["scraper"]'

# A name that is none.
run "$program" hold scrapper
is "status of a name that is none" "$status" 1
is "a name that is near" "$err" \
    'bladewatch: there is no container "scrapper"; did you mean "scraper"?'
run "$program" release whatever scraper
is "status of one that is none" "$status" 1
is "one that is none" "$err" 'bladewatch: there is no container "whatever"'
run "$program" hold database scrapper
is "one that is none, behind one that is" "$status $out$err" \
    '1 bladewatch: there is no container "scrapper"; did you mean "scraper"?'
is "then nothing is done" "$(at 'holds | keys')" '["scraper"]'

# By an id, and by what it begins with: as far as that is one's alone.
id=$(at containers.database.id | tr -d '"')
run "$program" hold "$id" "${id:0:4}" database
is "by id" "$out" "database is held: no revive rule has it in its scope"
becomes 'holds | keys' '["database","scraper"]'
run "$program" release "${id:0:12}"
like "by an id in short" "$out" "^database is released; it is running: "
for words in "${id:0:3}" "${id:0:4}x" "${id}0" ABCD; do
    run "$program" hold "$words"
    is "no id: $words" "$status $err" \
        "1 bladewatch: there is no container \"$words\""
done
happens add twin id=abcd01
happens add twine id=abcd02
becomes containers.twine.state '"running"'
run "$program" hold abcd0
is "of two" "$status $err" \
    '1 bladewatch: the ids of twin and twine begin with "abcd0"'
run "$program" hold abcd02
like "of one" "$out" '^twine is held'
happens remove twine
happens add abcd
becomes containers.abcd.state '"running"'
run "$program" hold abcd
like "a name goes before an id" "$out" '^abcd is held'
run "$program" release abcd twine
becomes 'holds | keys' '["scraper"]'

# One that has fallen is taken up again.
run "$program" hold scraper
happens die scraper 3
becomes containers.scraper.state '"exited"'
run "$program" release scraper
is "release of one that fell" "$out" \
    "scraper is released; it is exited (3): revival takes it up again"
becomes containers.scraper.state '"running"'
run "$program" hold scraper
run curl -s -o "$work/body" -w '%{http_code}' -X POST \
    "$BLADEWATCH_URL/-/hold?container=a%22%0A%1b%5b1m"
is "a name full of controls" "$out" 404

# One that is removed and held can be released.
happens remove scraper
becomes containers.scraper null
run "$program" release scraper
like "one that is removed" "$out" "^scraper is released; it is removed"
becomes 'holds // {}' '{}'
run "$program" release scraper
is "one that nobody knows any more" "$status" 1

# What is wrong is told without asking.
for words in "hold" "release" "hold --all scraper" "release --for 1h x" \
    "hold --frobnicate" "hold x --for"; do
    # shellcheck disable=SC2086
    run "$program" $words
    is "status of $words" "$status" 2
    like "$words" "$err" "usage: bladewatch ${words%% *}"
done
run "$program" hold database --for soon
is "status of a span that is none" "$status" 1
like "a span that is none" "$err" "for: 'soon' is no span"
end TERM
is "status of the server" "$status" 0
run "$program" hold database
is "status without a server" "$status" 1
like "without a server" "$err" "is \`bladewatch run\` running there"

# A token that may act, and its name in the state.
echo operators-secret >"$work/operator.token"
echo readers-secret >"$work/reader.token"
chmod 600 "$work"/*.token
cat >"$work/config.yaml" <<'YAML'
tokens:
  - {name: operator, file: operator.token, may: [act]}
  - {name: reader, file: reader.token, may: [read]}
YAML
watch --config "$work/config.yaml" || exit
run "$program" hold database
like "without a token" "$err" "acting needs a token"
run "$program" hold database --token-file "$work/reader.token"
like "with a token that may read" "$err" "does not allow acting"
run "$program" hold database --token-file "$work/operator.token"
is "with a token that may act" "$status" 0
reads() { curl -fsS -H 'Authorization: Bearer readers-secret' \
    "$BLADEWATCH_URL/state?path=docker.holds.database.by"; }
by_operator() { [[ $(reads) == '"operator"' ]]; }
eventually 10 by_operator || fail "it is held by $(reads)"
end TERM
