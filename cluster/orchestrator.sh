#!/bin/sh
# Says what is to be done: two scraping intents and a module update.
# shellcheck source=cluster/blade.sh
. /blade/blade.sh

hello
say intents scrape-1 \
    '{"host":"scraper-a","spotter":"spotter","domain":"example.org"}'
say intents scrape-2 \
    '{"host":"scraper-b","spotter":"spotter","domain":"example.net"}'
say intents update-1 \
    '{"module":"scraper","version":"2.0.0","hosts":["scraper-a","scraper-b"]}'

while next_round; do
    :
done
idle
