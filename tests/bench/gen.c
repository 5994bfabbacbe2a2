/*
 * bwgen - seeded corpora for tools/bench.
 *
 *   bwgen KIND N SEED [S]
 *
 *   intents  the founding document's cluster: 200 blades, an intent every 50
 *            lines, resolutions by scraper and spotter, counters that only
 *            grow, errors as arrays and as numbered keys, messages
 *   inc      the same stream, its counters as {"$inc": delta}
 *   wide     hosts that report 4 to 15 domains at once, 1 to 4 KiB a line
 *   unique   every line makes four nodes that were not there
 *   steady   S intents of 11 nodes each (one a line), then N counter updates
 *            at random among them
 *   bad      lines that are not JSON, each in another way
 *
 * The same arguments give the same bytes on every machine.  Every number is
 * written the way Python, JavaScript and jq would write it, and nothing but
 * `inc` contains an instruction, so that any deep merge agrees on the state.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRAPERS        120
#define SPOTTERS        60
#define NODES           20
#define DOMAINS         2 /* an intent scrapes two */
#define LINES_AN_INTENT 50
#define RECENT          1000

struct gen {
    uint64_t random;
    bool inc;
    struct intent *intents;
    size_t nintents;
    uint64_t line;
};

/* What an intent's scraper has counted in one domain. */
struct counters {
    uint64_t tries, spent_ms, collected, sent_tries, sent;
};

struct intent {
    uint64_t id;
    unsigned scraper, spotter;
    unsigned domain[DOMAINS];
    struct counters count[DOMAINS];
    unsigned errors;
    uint64_t received;
};

static const char *const domains[] = {
    "news.example.org",   "forum.example.net",  "blog.example.com",
    "social.example.io",  "video.example.tv",   "shop.example.co.uk",
    "wiki.example.org",   "photos.example.app", "météo.example.fr",
    "münchen.example.de",
};

static const char *const regions[] = { "eu-west", "eu-north", "us-east",
                                       "ap-south" };

static const char *const modules[] = { "scrape-news", "scrape-forum",
                                       "scrape-social", "archive" };

static const char *const messages[] = {
    "Hello World",
    "module loaded, waiting for the orchestrator to say what to do next",
    "lecture terminée, « rien à signaler » sur cette page",
    "cannot parse \\\"title\\\": found \\\\u0000 where text was expected",
    "retry in 500 ms\\n\\tcaused by: connection reset by peer",
    "取得完了: 次のページへ進みます",
    "queue is empty, going back to sleep for a little while",
    "batch flushed \\u2192 sent to the spotter, nothing left behind",
};

static const char *const faults[] = {
    "timeout after 30 s while reading the body of the answer",
    "HTTP 429 Too Many Requests, backing off for a while",
    "ECONNRESET: the peer closed the connection too early",
    "réponse illisible: caractère inattendu \\\"<\\\"",
};

#define COUNT(a)   (sizeof(a) / sizeof(a)[0])
#define PICK(g, a) (a)[below(g, COUNT(a))]

/*
 * SplitMix64.  At most one call in the arguments of another: their order is
 * the compiler's choice, and the bytes must not be.
 */
static uint64_t next_random(struct gen *g)
{
    uint64_t z = (g->random += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t below(struct gen *g, uint64_t n)
{
    return next_random(g) % n;
}

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void put(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
}

/* Thousandths, without zeros at the end: 1.5, 2, 0.125. */
static void put_milli(uint64_t v)
{
    unsigned rest = (unsigned)(v % 1000);

    put("%" PRIu64, v / 1000);
    if (rest % 10)
        put(".%03u", rest);
    else if (rest % 100)
        put(".%02u", rest / 10);
    else if (rest)
        put(".%u", rest / 100);
}

static void put_host(const char *role, unsigned number)
{
    put("%s-%03u.%s.blades", role, number, regions[number % COUNT(regions)]);
}

static void put_blade(unsigned blade)
{
    if (blade < SCRAPERS)
        put_host("scraper", blade);
    else if (blade < SCRAPERS + SPOTTERS)
        put_host("spotter", blade - SCRAPERS);
    else
        put_host("node", blade - SCRAPERS - SPOTTERS);
}

static void put_msg(struct gen *g, unsigned blade)
{
    put("\"");
    put_blade(blade);
    put("\":{\"msg\":\"%s\",\"line\":%" PRIu64 ",\"up\":", PICK(g, messages),
        g->line);
    put_milli(g->line * 10 + below(g, 1000));
    put("}");
}

static struct intent *new_intent(struct gen *g)
{
    struct intent *it = &g->intents[g->nintents++];

    memset(it, 0, sizeof *it);
    it->id = next_random(g);
    it->scraper = (unsigned)below(g, SCRAPERS);
    it->spotter = (unsigned)below(g, SPOTTERS);
    it->domain[0] = (unsigned)below(g, COUNT(domains));
    it->domain[1] =
        (it->domain[0] + 1 + (unsigned)below(g, 4)) % (unsigned)COUNT(domains);
    return it;
}

/* Half of the traffic is about recent intents, half about any. */
static struct intent *any_intent(struct gen *g)
{
    size_t n = g->nintents;

    if (n > RECENT && below(g, 2))
        return &g->intents[n - 1 - below(g, RECENT)];
    return &g->intents[below(g, n)];
}

static void open_intent(const struct intent *it)
{
    put("{\"intents\":{\"%016" PRIx64 "\":{", it->id);
}

static void line_create(struct gen *g)
{
    struct intent *it = new_intent(g);
    const char *module = PICK(g, modules);
    unsigned minor = (unsigned)below(g, 9);
    unsigned patch = (unsigned)below(g, 30);

    open_intent(it);
    put("\"host\":\"");
    put_host("scraper", it->scraper);
    put("\",\"spotter\":\"");
    put_host("spotter", it->spotter);
    put("\",\"module\":\"%s@1.%u.%u\",\"created\":%" PRIu64 "}},", module,
        minor, patch, 1700000000000 + g->line);
    put("\"orchestrator.eu-west.blades\":{\"msg\":\"intent set\"}}\n");
}

static void line_answer(struct gen *g, const struct intent *it)
{
    bool spotter = below(g, 2) == 0;
    unsigned blade = spotter ? SCRAPERS + it->spotter : it->scraper;

    open_intent(it);
    put("\"resolution\":{\"");
    put_blade(blade);
    put("\":{\"%s\":%" PRIu64 ",\"pid\":%u}}}},",
        spotter ? "receiving" : "started", 1700000000000 + g->line,
        1000 + (unsigned)below(g, 30000));
    put("\"");
    put_blade(blade);
    put("\":{\"msg\":\"%s\"}}\n", spotter ? "receiving" : "scraping");
}

static void put_count(const struct gen *g, const char *name, uint64_t *total,
                      uint64_t by)
{
    *total += by;
    if (g->inc)
        put("\"%s\":{\"$inc\":%" PRIu64 "}", name, by);
    else
        put("\"%s\":%" PRIu64, name, *total);
}

static void put_spent(const struct gen *g, struct counters *c, uint64_t by)
{
    c->spent_ms += by;
    put(g->inc ? "\"time_spent\":{\"$inc\":" : "\"time_spent\":");
    put_milli(g->inc ? by : c->spent_ms);
    if (g->inc)
        put("}");
}

static void put_counters(struct gen *g, struct counters *c)
{
    uint64_t tries = 1 + below(g, 3);
    uint64_t sent = below(g, 20);

    put("{");
    put_count(g, "tries", &c->tries, tries);
    put(",");
    put_spent(g, c, 1 + below(g, 5000));
    put(",");
    put_count(g, "item_collected", &c->collected, sent + below(g, 3));
    put(",");
    put_count(g, "item_sent_tries", &c->sent_tries, sent + below(g, 2));
    put(",");
    put_count(g, "item_sent", &c->sent, sent);
    put("}");
}

static void open_domain(const struct intent *it, unsigned d)
{
    open_intent(it);
    put("\"resolution\":{\"");
    put_blade(it->scraper);
    put("\":{\"item_scraped\":{\"%s\":", domains[it->domain[d]]);
}

static void line_scraped(struct gen *g, struct intent *it)
{
    unsigned d = (unsigned)below(g, DOMAINS);

    open_domain(it, d);
    put_counters(g, &it->count[d]);
    put("}}}}}}\n");
}

static void line_received(struct gen *g, struct intent *it)
{
    open_intent(it);
    put("\"resolution\":{\"");
    put_blade(SCRAPERS + it->spotter);
    put("\":{\"item_received\":{\"%s\":{", domains[it->domain[0]]);
    put_count(g, "items", &it->received, below(g, 20));
    put(",\"lag\":");
    put_milli(below(g, 4000));
    put(",\"last\":%" PRIu64 "}}}}}}}\n", 1700000000000 + g->line);
}

/* An array, or a numbered key: the list changes its type now and then. */
static void line_error(struct gen *g, struct intent *it)
{
    unsigned d = (unsigned)below(g, DOMAINS);
    bool array = below(g, 2) == 0;
    unsigned number = it->errors++ % 8;
    const char *fault = PICK(g, faults);
    unsigned code = 100 + (unsigned)below(g, 500);

    open_domain(it, d);
    if (array)
        put("{\"errors\":[");
    else
        put("{\"errors\":{\"%u\":", number);
    put("{\"msg\":\"%s\",\"code\":%u,\"at\":%" PRIu64 "}", fault, code,
        1700000000000 + g->line);
    put(array ? "]" : "}");
    put("}}}}}}}\n");
}

static void line_message(struct gen *g)
{
    unsigned blade = (unsigned)below(g, SCRAPERS + SPOTTERS + NODES);
    unsigned other = (blade + 1) % (SCRAPERS + SPOTTERS + NODES);

    put("{");
    put_msg(g, blade);
    put(",\"last_seen\":{\"");
    put_blade(other);
    put("\":%" PRIu64 "}}\n", 1700000000000 + g->line);
}

static void gen_intents(struct gen *g, uint64_t n)
{
    g->intents = calloc(n / LINES_AN_INTENT + 1, sizeof *g->intents);
    if (!g->intents)
        abort();
    for (g->line = 0; g->line < n; g->line++) {
        uint64_t dice = below(g, 100);

        if (g->line % LINES_AN_INTENT == 0)
            line_create(g);
        else if (dice < 14)
            line_answer(g, any_intent(g));
        else if (dice < 70)
            line_scraped(g, any_intent(g));
        else if (dice < 86)
            line_received(g, any_intent(g));
        else if (dice < 89)
            line_error(g, any_intent(g));
        else
            line_message(g);
    }
    free(g->intents);
}

static void put_wide_domain(struct gen *g)
{
    unsigned net = (unsigned)below(g, 256);
    unsigned host = (unsigned)below(g, 256);

    put("\"%s\":{\"latency\":{\"p50\":", PICK(g, domains));
    put_milli(below(g, 50000));
    put(",\"p90\":");
    put_milli(below(g, 90000));
    put(",\"p99\":");
    put_milli(below(g, 900000));
    put("},\"env\":{\"os\":\"linux\",\"proxy\":\"http://10.0.%u.%u:3128\"},",
        net, host);
    put("\"load\":[");
    for (int i = 0; i < 6; i++) {
        put(i ? "," : "");
        put_milli(below(g, 16000));
    }
    put("],\"last\":\"%s\"}", PICK(g, messages));
}

static void gen_wide(struct gen *g, uint64_t n)
{
    for (g->line = 0; g->line < n; g->line++) {
        unsigned blade = (unsigned)below(g, SCRAPERS + SPOTTERS + NODES);
        uint64_t count = 4 + below(g, 12);

        put("{\"hosts\":{\"");
        put_blade(blade);
        put("\":{\"seen\":%" PRIu64 ",\"groups\":{", g->line);
        for (uint64_t i = 0; i < count; i++) {
            put("%s\"group-%u\":{", i ? "," : "", (unsigned)i);
            put_wide_domain(g);
            put("}");
        }
        put("}}}}\n");
    }
}

static void gen_unique(struct gen *g, uint64_t n)
{
    for (g->line = 0; g->line < n; g->line++) {
        put("{\"jobs\":{\"job-%016" PRIx64 "\":{\"host\":\"", next_random(g));
        put_blade((unsigned)below(g, SCRAPERS));
        put("\",\"state\":\"queued\",\"at\":%" PRIu64 "}}}\n", g->line);
    }
}

static void line_steady(struct gen *g, struct intent *it)
{
    open_intent(it);
    put("\"resolution\":{\"");
    put_blade(it->scraper);
    put("\":{\"item_scraped\":{\"%s\":", domains[it->domain[0]]);
    put_counters(g, &it->count[0]);
    put("}}}}}}\n");
}

static void gen_steady(struct gen *g, uint64_t n, uint64_t size)
{
    g->intents = calloc(size, sizeof *g->intents);
    if (!g->intents)
        abort();
    for (uint64_t i = 0; i < size; i++) {
        struct intent *it = new_intent(g);

        open_intent(it);
        put("\"host\":\"");
        put_host("scraper", it->scraper);
        put("\",\"resolution\":{\"");
        put_blade(it->scraper);
        put("\":{\"item_scraped\":{\"%s\":", domains[it->domain[0]]);
        put_counters(g, &it->count[0]);
        put("}}}}}}\n");
    }
    for (uint64_t i = 0; i < n; i++)
        line_steady(g, &g->intents[below(g, size)]);
    free(g->intents);
}

/* '@' stands for something that differs from line to line. */
static void gen_bad(struct gen *g, uint64_t n)
{
    static const char *const bad[] = {
        "{\"intents\":{\"@\":{\"host\":\"scraper-001.eu-west.blades",
        "{\"intents\":{\"@\":{\"host\":}}}",
        "{\"intents\" {\"@\":1}}",
        "panic: runtime error at 0x@: index out of range",
        "{\"id\":\"@\",\"text\":\"\\q is no escape\"}",
        "{\"id\":\"@\",\"n\":012,\"t\":nul}",
        "[{\"id\":\"@\"},]",
        "{\"id\":\"@\",\"utf8\":\"\xc0\xaf\xed\xa0\x80\"}",
    };

    for (g->line = 0; g->line < n; g->line++) {
        const char *text = PICK(g, bad);
        int head = (int)strcspn(text, "@");

        put("%.*s%016" PRIx64 "%s", head, text, next_random(g),
            text + head + 1);
        put(" and so on, by scraper-%03u.eu-west.blades at line %" PRIu64 "\n",
            (unsigned)below(g, SCRAPERS), g->line);
    }
}

static bool number(const char *text, uint64_t *ret)
{
    char *end;

    *ret = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

static int usage(void)
{
    fputs("usage: bwgen intents|inc|wide|unique|bad N SEED\n"
          "       bwgen steady N SEED S\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct gen g = { 0 };
    uint64_t n, size = 0;

    if (argc < 4 || !number(argv[2], &n) || !number(argv[3], &g.random))
        return usage();
    g.inc = strcmp(argv[1], "inc") == 0;
    if (strcmp(argv[1], "intents") == 0 || g.inc)
        gen_intents(&g, n);
    else if (strcmp(argv[1], "wide") == 0)
        gen_wide(&g, n);
    else if (strcmp(argv[1], "unique") == 0)
        gen_unique(&g, n);
    else if (strcmp(argv[1], "bad") == 0)
        gen_bad(&g, n);
    else if (strcmp(argv[1], "steady") == 0 && argc == 5 &&
             number(argv[4], &size) && size)
        gen_steady(&g, n, size);
    else
        return usage();
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
