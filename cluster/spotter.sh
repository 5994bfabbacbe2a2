#!/bin/sh
# Answers the intents of the scrapers whose items it receives.
#   INTENTS          whose items
#   ANSWERS          "no": receives nothing (yes)
# shellcheck source=cluster/blade.sh
. /blade/blade.sh

hello
nap "${PAUSE:-1}"
while next_round; do
    [ "${ANSWERS:-yes}" = yes ] || continue
    for intent in ${INTENTS:-scrape-1 scrape-2}; do
        say intents "$intent" resolution "$host" '{"received":{"$inc":3}}'
    done
done
idle
