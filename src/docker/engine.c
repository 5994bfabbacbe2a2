#include "docker/engine.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "data/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define OUR_MAX    51 /* 1.51 is the newest that was read about */
#define OUR_MIN    40
#define RETRY_MIN  (200 * NSEC_MSEC)
#define RETRY_MAX  (5 * NSEC_SEC)
#define ANSWER_FOR (10 * NSEC_SEC)
#define ANSWER_MAX (8u << 20)

static enum status take_unix(struct endpoint *e, const char *path,
                             struct err *err)
{
    if (*path != '/' ||
        strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        err_set(err,
                "the Docker socket \"%.150s\" must be an absolute path of at "
                "most 107 bytes",
                path);
        return ST_BAD;
    }
    e->unix_path = xstrdup(path);
    e->base_url = xstrdup("http://docker");
    return ST_OK;
}

enum status engine_parse_endpoint(const char *text, struct endpoint *e,
                                  struct err *err)
{
    struct buf url;
    size_t n = strlen(text);

    if (strncmp(text, "unix://", 7) == 0)
        return take_unix(e, text + 7, err);
    if (*text == '/')
        return take_unix(e, text, err);
    if (n > 512 ||
        (strncmp(text, "tcp://", 6) != 0 && strncmp(text, "http://", 7) != 0)) {
        err_set(err,
                "the Docker endpoint \"%.100s\" is none of unix:///path, "
                "tcp://host:port and http://host:port",
                text);
        return ST_BAD;
    }
    while (n && text[n - 1] == '/')
        n--;
    buf_init(&url, 1024);
    buf_str(&url, "http://");
    text = strstr(text, "://") + 3;
    buf_str(&url, text);
    while (url.n > 7 && url.p[url.n - 1] == '/')
        url.n--;
    e->base_url = xstrdup(buf_cstr(&url));
    buf_release(&url);
    return ST_OK;
}

void endpoint_release(struct endpoint *e)
{
    free(e->unix_path);
    free(e->base_url);
    *e = (struct endpoint){ 0 };
}

const char *endpoint_name(const struct endpoint *e)
{
    return e->unix_path ? e->unix_path : e->base_url;
}

/* Of a proxy's page its text alone; blanks are joined. */
static void plain_words(struct slice s, char *out, size_t size)
{
    char text[4 * ERR_TEXT_MAX];
    size_t n = 0;
    bool page, tag = false;
    struct buf whole;

    s = json_trim(s);
    page = s.n && *s.p == '<';
    for (size_t i = 0; i < s.n && n + 1 < sizeof(text); i++) {
        char c = s.p[i];

        tag |= page && c == '<';
        if (!tag && (unsigned char)c > ' ')
            text[n++] = c;
        else if (n && text[n - 1] != ' ')
            text[n++] = ' ';
        tag &= c != '>';
    }
    while (n && text[n - 1] == ' ')
        n--;
    buf_init(&whole, 3 * sizeof(text));
    utf8_repair(slice_of(text, n), &whole);
    copy_text(buf_view(&whole), out, size);
    buf_release(&whole);
}

void engine_message(struct docker *d, const struct http_end *end, char *out,
                    size_t size)
{
    struct tape tape;
    size_t at = 0;
    struct slice s = end->body;

    if (tape_parse(d->parser, s, &tape, NULL) == ST_OK)
        at = tape_find(&tape, 0, "message");
    if (at)
        s = tape_string(&tape, at);
    plain_words(s, out, size);
}

void engine_close(struct docker *d)
{
    http_cancel(d->version);
    http_cancel(d->events);
    http_cancel(d->list);
    networks_cancel(d);
    d->version = d->events = d->list = NULL;
    buf_reset(&d->event_in);
    buf_reset(&d->event_kept);
    d->nkept = 0;
}

void engine_lost(struct docker *d, const char *why)
{
    struct container *c, *next;
    bool was_up = d->state == ENGINE_UP;

    engine_close(d);
    d->state = ENGINE_DOWN;
    snprintf(d->down_why, sizeof(d->down_why), "%s", why);
    if (strcmp(d->last_sentence, why) != 0) {
        docker_say(d, DOCKER_WARN, "%s; trying again", why);
        snprintf(d->last_sentence, sizeof(d->last_sentence), "%s", why);
    }
    /* The first try after a working connection comes soon. */
    d->backoff_for = was_up || !d->backoff_for ? RETRY_MIN : d->backoff_for * 2;
    if (d->backoff_for > RETRY_MAX)
        d->backoff_for = RETRY_MAX;
    d->retry_at = loop_now(d->loop) + docker_jitter(d, d->backoff_for);
    HASH_ITER(hh, d->containers, c, next)
    {
        http_cancel(c->inspect);
        c->inspect = NULL;
        c->want_inspect = false;
    }
    d->ninspecting = 0;
    stats_lost(d);
    condition_lost(d, was_up, why);
}

static int minor_of(struct slice version)
{
    char text[8], *end; /* too short for a number that no int holds */
    int minor;

    copy_text(version, text, sizeof(text));
    if (strncmp(text, "1.", 2) != 0)
        return -1;
    minor = (int)strtol(text + 2, &end, 10);
    return end == text + 2 ? -1 : minor;
}

enum status engine_agree(const struct endpoint *e, const struct tape *t,
                         int *ret_minor, char *why, size_t size)
{
    int most = minor_of(tape_string(t, tape_find(t, 0, "ApiVersion")));
    int least = minor_of(tape_string(t, tape_find(t, 0, "MinAPIVersion")));
    struct slice engine = tape_string(t, tape_find(t, 0, "Version"));
    char text[32];

    copy_text(engine, text, sizeof(text));
    if (most < 0) {
        snprintf(why, size,
                 "what answers at %s is no Docker engine: its /version has no "
                 "ApiVersion",
                 endpoint_name(e));
        return ST_BAD;
    }
    if (most < OUR_MIN) {
        snprintf(why, size,
                 "the Docker engine %s is too old: it speaks API 1.%d, "
                 "bladewatch needs 1.%d (Docker 19.03) or newer",
                 text, most, OUR_MIN);
        return ST_BAD;
    }
    if (least > OUR_MAX) {
        snprintf(why, size,
                 "the Docker engine %s is too new: it wants API 1.%d or newer,"
                 " bladewatch speaks 1.%d; update bladewatch",
                 text, least, OUR_MAX);
        return ST_BAD;
    }
    *ret_minor = most < OUR_MAX ? most : OUR_MAX;
    return ST_OK;
}

static enum status agree(struct docker *d, const struct tape *t, char *why,
                         size_t size)
{
    char text[32];

    copy_text(tape_string(t, tape_find(t, 0, "Version")), text, sizeof(text));
    d->major_engine = (int)strtol(text, NULL, 10);
    copy_text(slice_str(text), d->condition.version,
              sizeof(d->condition.version));
    if (d->version_set) {
        d->minor = d->version_set;
        return ST_OK;
    }
    return engine_agree(&d->read, t, &d->minor, why, size);
}

static void on_version(void *self, const struct http_end *end)
{
    struct docker *d = self;
    char why[ERR_TEXT_MAX];
    struct tape tape;

    d->version = NULL;
    if (end->status != ST_OK || end->head.code != 200) {
        engine_explain(d, &d->read, end, why, sizeof(why));
        engine_lost(d, why);
        return;
    }
    if (tape_parse(d->parser, end->body, &tape, NULL)) {
        snprintf(why, sizeof(why),
                 "what answers at %s is no Docker engine: its /version is not "
                 "JSON",
                 endpoint_name(&d->read));
        engine_lost(d, why);
        return;
    }
    if (agree(d, &tape, why, sizeof(why))) {
        engine_lost(d, why);
        return;
    }
    d->state = ENGINE_OPENING;
    events_open(d);
}

void engine_connect(struct docker *d)
{
    struct http_ask get = { .self = d, .on_end = on_version };
    struct buf url;
    struct err err;
    enum status st;

    d->state = ENGINE_ASKING;
    d->act_minor = 0;
    buf_init(&url, 1024);
    buf_printf(&url, "%s/version", d->read.base_url);
    get.unix_path = d->read.unix_path;
    get.url = buf_cstr(&url);
    get.connect_for = get.total_for = ANSWER_FOR;
    get.body_max = ANSWER_MAX;
    st = http_ask(d->http, &get, &d->version, &err);
    buf_release(&url);
    if (st)
        engine_lost(d, err.text);
}

enum status engine_get(struct docker *d, const char *path, struct http_ask *get,
                       struct http_request **ret_request)
{
    struct buf url;
    enum status st;

    buf_init(&url, 4096);
    buf_printf(&url, "%s/v1.%d%s", d->read.base_url, d->minor, path);
    get->unix_path = d->read.unix_path;
    get->url = buf_cstr(&url);
    get->connect_for = ANSWER_FOR;
    if (!get->head_for)
        get->head_for = ANSWER_FOR;
    if (!get->on_body && !get->total_for)
        get->total_for = 3 * ANSWER_FOR;
    if (!get->body_max && !get->on_body)
        get->body_max = ANSWER_MAX;
    st = http_ask(d->http, get, ret_request, NULL);
    buf_release(&url);
    return st;
}

void engine_tick(struct docker *d)
{
    if (d->state == ENGINE_DOWN && loop_now(d->loop) >= d->retry_at)
        engine_connect(d);
}

/* The text of an answer that ends the connection, for events.c. */
void engine_refused(struct docker *d, const struct http_end *end)
{
    char why[ERR_TEXT_MAX];

    engine_explain(d, &d->read, end, why, sizeof(why));
    engine_lost(d, why);
}

size_t tape_next(const struct tape *t, size_t i)
{
    uint8_t kind = t->op[i].kind;

    return kind == TAPE_ARRAY || kind == TAPE_OBJECT || kind == TAPE_KEY
               ? t->op[i].end
               : i + 1;
}

size_t tape_find(const struct tape *t, size_t object, const char *key)
{
    if (t->op[object].kind != TAPE_OBJECT)
        return 0;
    for (size_t i = object + 1; i < t->op[object].end; i = t->op[i].end) {
        if (!(t->op[i].flags & TAPE_DEAD) &&
            slice_is(tape_text(&t->op[i]), key))
            return i + 1;
    }
    return 0;
}

size_t tape_at(const struct tape *t, const char *const *keys, size_t n)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        at = tape_find(t, at, keys[i]);
        if (!at)
            return 0;
    }
    return at;
}

struct slice tape_string(const struct tape *t, size_t i)
{
    if (!i || t->op[i].kind != TAPE_STRING)
        return slice_of("", 0);
    return tape_text(&t->op[i]);
}

int64_t tape_int(const struct tape *t, size_t i)
{
    char text[32];

    if (!i || t->op[i].kind != TAPE_NUMBER)
        return 0;
    copy_text(tape_text(&t->op[i]), text, sizeof(text));
    return strtoll(text, NULL, 10);
}

bool tape_true(const struct tape *t, size_t i)
{
    return i && t->op[i].kind == TAPE_TRUE;
}

/* Cut before a character, not inside one. */
void copy_text(struct slice s, char *out, size_t size)
{
    size_t n = s.n < size ? s.n : size - 1;

    while (n < s.n && n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    if (n)
        memcpy(out, s.p, n);
    out[n] = '\0';
}
