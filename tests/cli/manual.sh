#!/usr/bin/env bash
# The manual page is well formed and knows every option that the
# program's own help names.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
page=doc/bladewatch.1
bad=0

command -v mandoc >/dev/null || {
    echo "mandoc is missing"
    exit 77
}
mandoc -Tlint -W warning "$page" || bad=1

help=$(for command in run replay check eval state report top hold release; do
    "${BLADEWATCH:-build-test/bladewatch}" help "$command"
done)
while read -r option; do
    grep -qE "Fl Fl ${option#--}( |\$)" "$page" || {
        echo "FAILED: $page does not know $option"
        bad=1
    }
done < <(grep -oE -- '--[a-z][a-z-]+' <<<"$help" | sort -u)
exit "$bad"
