#!/bin/sh
# Answers its intent and counts what it scraped and sent.
#   INTENT, DOMAIN   what to scrape
#   ANSWERS          "no": starts, and never answers (yes)
#   UPDATES          the hosts that install the new module
#   SENDS            "no": what it sends does not arrive (yes)
#   ERRORS           errors in a burst, in the third round (0)
# shellcheck source=cluster/blade.sh
. /blade/blade.sh

answer() {
    say intents "$INTENT" resolution "$host" "$1"
}

burst() {
    n=0
    while [ "$n" -lt "$1" ]; do
        n=$((n + 1))
        answer "{\"item_scraped\":{\"$DOMAIN\":{\"tries\":{\"\$inc\":1},\
\"errors\":{\"\$push\":{\"msg\":\"connection refused\",\"try\":$n}}}}}"
        printf '{"%s":{"level":"error","msg":"%s refused try %d"}}\n' \
            "$host" "$DOMAIN" "$n" >&2
    done
}

scrape() {
    sent=3
    [ "${SENDS:-yes}" = yes ] || sent=0
    answer "{\"item_scraped\":{\"$DOMAIN\":{\"tries\":{\"\$inc\":1},\
\"time_spent\":{\"\$inc\":0.25},\"item_collected\":{\"\$inc\":3},\
\"item_sent_tries\":{\"\$inc\":3},\"item_sent\":{\"\$inc\":$sent}}}}"
}

hello
nap "${PAUSE:-1}"
case " ${UPDATES:-scraper-a scraper-b} " in
*" $host "*)
    say intents update-1 resolution "$host" \
        '{"module":"scraper","version":"2.0.0"}'
    ;;
esac
[ "${ANSWERS:-yes}" = no ] || answer '{"started":true}'
while next_round; do
    [ "${ANSWERS:-yes}" = no ] || scrape
    if [ "$round" = 2 ]; then
        burst "${ERRORS:-0}"
    fi
done
idle
