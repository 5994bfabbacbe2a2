#include "docker/deed.h"

#include "docker/spec.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEDS_MAX      4
#define LOOKS_MAX      5
#define LOOK_FRESH_FOR NSEC_SEC /* from asking how it is to acting */
#define CONNECT_FOR    (5 * NSEC_SEC)
#define ANSWER_FOR     (5 * NSEC_SEC)
/* Two answers may be waited for when it is over: who waits for the result
 * (RESULT_FOR in heal/judge.c) has it before giving up. */
#define DEED_FOR     (45 * NSEC_SEC)
#define RESTART_STOP 10 /* seconds until it is killed */
#define ANSWER_MAX   (4u << 20)
#define KNOCK_EVERY  (5 * NSEC_SEC)

static void deed_free(struct deed *a)
{
    loop_timer_stop(&a->begin);
    http_cancel(a->request);
    *a->at = a->next;
    if (a->next)
        a->next->at = a->at;
    buf_release(&a->inspect);
    buf_release(&a->spec);
    free(a);
}

void acts_stop(struct docker *d)
{
    while (d->deeds)
        deed_free(d->deeds);
    http_cancel(d->knock);
    d->knock = NULL;
}

void deed_done(struct deed *a, const char *result, int code, const char *format,
               ...)
{
    char text[ERR_TEXT_MAX];
    struct docker_act act = a->act;
    struct docker_acted acted = { .result = result, .code = code };
    char container[ID_MAX + 1];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (a->old[0] && strcmp(result, "started") == 0)
        spec_forget(a->d->specs, a->old);
    memcpy(container, a->container, sizeof(container));
    acted.message = slice_str(text);
    acted.container = slice_str(container);
    acted.took_for = loop_now(a->d->loop) - a->began_at;
    deed_free(a);
    act.done(act.self, &acted);
}

/* -- is anybody there? --------------------------------------------------- */

static bool act_is(const struct docker *d, const char *act)
{
    return strcmp(d->condition.act ? d->condition.act : "ok", act) == 0;
}

static void act_heard(struct docker *d)
{
    d->knock_at = NSEC_MAX;
    d->away_why[0] = '\0';
    if (!act_is(d, "unreachable"))
        return;
    engine_act_is(d, "ok");
    docker_say(d, DOCKER_INFO, "the Docker endpoint %s answers now",
               endpoint_name(&d->act));
}

static void act_away(struct docker *d, const struct http_end *end)
{
    char why[ERR_TEXT_MAX];

    engine_explain(d, &d->act, end, why, sizeof(why));
    if (strcmp(d->away_why, why) != 0)
        docker_say(d, DOCKER_WARN, "nothing can be started: %s", why);
    copy_text(slice_str(why), d->away_why, sizeof(d->away_why));
    if (act_is(d, "ok"))
        engine_act_is(d, "unreachable");
    d->knock_at = nsec_add(loop_now(d->loop), KNOCK_EVERY);
}

/* Whatever is answered, also that this is not allowed. */
static void on_knocked(void *self, const struct http_end *end)
{
    struct docker *d = self;

    d->knock = NULL;
    if (end->head.code)
        act_heard(d);
    else
        act_away(d, end);
}

void acts_tick(struct docker *d)
{
    struct http_ask get = {
        .unix_path = d->act.unix_path,
        .connect_for = CONNECT_FOR,
        .total_for = ANSWER_FOR,
        .body_max = ANSWER_MAX,
        .self = d,
        .on_end = on_knocked,
    };
    struct buf url;

    if (!d->act.base_url || d->config.observe || d->knock ||
        loop_now(d->loop) < d->knock_at)
        return;
    d->knock_at = nsec_add(loop_now(d->loop), KNOCK_EVERY);
    buf_init(&url, 1024);
    buf_printf(&url, "%s/version", d->act.base_url);
    get.url = buf_cstr(&url);
    (void)!http_ask(d->http, &get, &d->knock, NULL);
    buf_release(&url);
}

/* -- asking ------------------------------------------------------------- */

static void withdrawn(struct deed *a)
{
    bool made = a->old[0] && strcmp(a->old, a->container) != 0;

    deed_done(a, "changed", 0, "withdrawn: it is held, or wanted no more%s",
              made ? "; it was left as created" : "");
}

static bool may_send(void *self)
{
    const struct deed *a = self;

    return a->act.stands(a->act.self);
}

static void on_answer(void *self, const struct http_end *end)
{
    struct deed *a = self;

    a->request = NULL;
    if (end->status == ST_AGAIN) {
        withdrawn(a);
        return;
    }
    if (a->apart && end->head.code)
        act_heard(a->d);
    else if (a->apart)
        a->d->knock_at = 0;
    a->then(a, end);
}

/* 0: no time is left. */
static nsec time_for(const struct deed *a, const struct errand *errand)
{
    nsec within = errand->within ? errand->within : ANSWER_FOR;
    nsec left = a->until - loop_now(a->d->loop);

    if (errand->after || within < left)
        return within;
    return left < NSEC_MSEC ? 0 : left;
}

void deed_send(struct deed *a, const struct errand *errand)
{
    struct docker *d = a->d;
    bool apart = errand->act && d->act.base_url;
    const struct endpoint *to = apart ? &d->act : &d->read;
    struct http_ask ask = {
        .unix_path = to->unix_path,
        .post = errand->post,
        .content = errand->content,
        .content_type = errand->content.n ? "application/json" : NULL,
        .connect_for = errand->connect_for ? errand->connect_for : CONNECT_FOR,
        .total_for = time_for(a, errand),
        .body_max = ANSWER_MAX,
        .fresh = errand->post, /* else it may be sent twice */
        .self = a,
        .may_send = errand->post && a->act.stands ? may_send : NULL,
        .on_end = on_answer,
    };
    struct buf url;
    struct err err;
    enum status st;

    if (!ask.total_for) {
        deed_done(a, "timeout", 0, "the engine takes too long");
        return;
    }
    a->then = errand->then;
    a->apart = apart;
    a->asked_at = loop_now(d->loop);
    buf_init(&url, 4096);
    buf_str(&url, to->base_url);
    if (strcmp(errand->path, "/version") != 0)
        buf_printf(&url, "/v1.%d", apart ? d->act_minor : d->minor);
    buf_str(&url, errand->path);
    ask.url = buf_cstr(&url);
    st = http_ask(d->http, &ask, &a->request, &err);
    buf_release(&url);
    if (st)
        deed_done(a, "unreachable", 0, "%s", err.text);
}

bool deed_unanswered(struct deed *a, const struct http_end *end,
                     const char *doing)
{
    if (end->status == ST_OK)
        return false;
    if (end->status == ST_BUSY)
        deed_done(a, "timeout", 0, "no answer in time, %s", doing);
    else
        deed_done(a, end->status == ST_DENIED ? "denied" : "unreachable", 0,
                  "no answer, %s: %s", doing, end->text);
    return true;
}

/* -- how it is ---------------------------------------------------------- */

static const char *const k_status[] = { "State", "Status" };
static const char *const k_started[] = { "State", "StartedAt" };
static const char *const k_finished[] = { "State", "FinishedAt" };
static const char *const k_removed[] = { "HostConfig", "AutoRemove" };
static const char *const k_labels[] = { "Config", "Labels" };

/* 0001-01-01 is the engine's way to say never. */
static nsec instant_at(const struct tape *t, const char *const *keys)
{
    nsec at = 0;

    if (instant_parse(tape_string(t, tape_at(t, keys, 2)), &at) || at < 0)
        return 0;
    return at;
}

/* status keeps the word that the sight points to. */
static struct sight sight_of(const struct tape *t, char status[16])
{
    copy_text(tape_string(t, tape_at(t, k_status, 2)), status, 16);
    return (struct sight){ .known = true,
                           .status = slice_str(status),
                           .started_at = instant_at(t, k_started),
                           .finished_at = instant_at(t, k_finished) };
}

const char *deed_barred(const struct docker *d, const struct tape *t)
{
    size_t labels = tape_at(t, k_labels, 2);
    struct slice id = tape_string(t, tape_find(t, 0, "Id"));

    if (container_is_self(d, id))
        return "it is the container that bladewatch runs in";
    if (tape_true(t, tape_at(t, k_removed, 2)))
        return "it was run with --rm";
    if (!labels)
        return NULL;
    if (tape_find(t, labels, "com.docker.swarm.task.id"))
        return "it is a task of a swarm, which replaces it by itself";
    if (slice_is(tape_string(t, tape_find(t, labels, "role")), "monitor"))
        return "it is a monitor";
    if (slice_is(tape_string(t, tape_find(t, labels, "bladewatch.revive")),
                 "never"))
        return "its label bladewatch.revive says never";
    if (label_says_yes(
            tape_string(t, tape_find(t, labels, "bladewatch.ignore"))))
        return "its label bladewatch.ignore says so";
    return NULL;
}

static bool is_renamed(const struct deed *a, const struct tape *t,
                       struct slice *ret_name)
{
    struct slice name = tape_string(t, tape_find(t, 0, "Name"));

    if (name.n && *name.p == '/')
        name = slice_of(name.p + 1, name.n - 1);
    *ret_name = name;
    return !slice_eq(name, a->act.name);
}

/* A state in which nothing is to be done, whatever was expected; or NULL. */
static const char *state_result(const struct deed *a)
{
    struct slice now = a->seen.status;
    bool start = a->act.kind == DOCKER_START, up = slice_is(now, "running");
    bool down = slice_is(now, "exited") || slice_is(now, "created");

    if (slice_is(now, "paused"))
        return "paused";
    if (slice_is(now, "removing") || slice_is(now, "dead"))
        return "removing";
    if (start && up)
        return "running";
    return (start ? down : up) && slice_eq(now, a->act.status) ? NULL
                                                               : "changed";
}

/* False once the deed has ended: it is not as the order saw it. */
static bool as_expected(struct deed *a, const struct tape *t)
{
    const struct sight *seen = &a->seen;
    const char *barred = deed_barred(a->d, t), *result = state_result(a);
    bool ran = slice_is(seen->status, "running");
    char since[INSTANT_TEXT];
    struct slice name;

    instant_format(ran ? seen->started_at : seen->finished_at, since);
    if (barred)
        deed_done(a, "refused", 0, "%s", barred);
    else if (is_renamed(a, t, &name))
        deed_done(a, "changed", 0, "renamed to %.*s", SLICE_ARG(name));
    else if (result)
        deed_done(a, result, 0, "%s%s%s", a->status,
                  ran || slice_is(seen->status, "exited") ? " since " : "",
                  ran || slice_is(seen->status, "exited") ? since : "");
    else if (seen->started_at != a->act.started_at ||
             seen->finished_at != a->act.finished_at)
        deed_done(a, "changed", 0, "ran meanwhile; %s since %s", a->status,
                  since);
    else
        return true;
    return false;
}

static void act_now(struct deed *a);

static void on_look(struct deed *a, const struct http_end *end)
{
    struct docker *d = a->d;
    char words[160];
    struct tape t;

    if (deed_unanswered(a, end, "asking how it is"))
        return;
    if (end->head.code == 404) {
        deed_done(a, "missing", 404, "it was removed");
        return;
    }
    if (end->head.code != 200) {
        engine_message(d, end, words, sizeof(words));
        deed_done(a, "refused", end->head.code, "asking how it is: %s", words);
        return;
    }
    if (tape_parse(d->parser, end->body, &t, NULL) ||
        !slice_eq(tape_string(&t, tape_find(&t, 0, "Id")), a->act.container)) {
        deed_done(a, "refused", 200, "the engine does not say how it is");
        return;
    }
    if (loop_now(d->loop) - a->asked_at > LOOK_FRESH_FOR) {
        deed_look(a); /* it may have changed since */
        return;
    }
    a->looks = 0;
    a->seen = sight_of(&t, a->status);
    buf_reset(&a->inspect);
    buf_slice(&a->inspect, end->body);
    if (!as_expected(a, &t))
        return;
    if (!a->whole && deed_is_half_made(&t))
        deed_complete(a, &t);
    else
        act_now(a);
}

void deed_look(struct deed *a)
{
    char path[ID_MAX + 32];
    struct errand look = { .path = path, .then = on_look };

    if (a->looks++ == LOOKS_MAX) {
        deed_done(a, "timeout", 0,
                  "the engine takes too long to say how it is");
        return;
    }
    snprintf(path, sizeof(path), "/containers/%s/json", a->container);
    deed_send(a, &look);
}

/* -- what came of it ---------------------------------------------------- */

static void conclude(struct deed *a)
{
    if (strcmp(a->verdict, "port") == 0)
        deed_port(a);
    else if (strcmp(a->verdict, "network") == 0)
        deed_network(a);
    else
        deed_done(a, a->verdict, a->code, "%s", a->message);
}

/* The answer said one thing and the look another. */
static void explain(struct deed *a, const char *seen_as,
                    const struct sight *after)
{
    char said[sizeof(a->message)];

    memcpy(said, a->message, sizeof(said));
    if (!*said)
        snprintf(said, sizeof(said), "the engine answered %d", a->code);
    if (after->gone)
        snprintf(a->message, sizeof(a->message),
                 "it was removed meanwhile (%.200s)", said);
    else
        snprintf(a->message, sizeof(a->message), "%.200s, but it is %.*s%s",
                 said, SLICE_ARG(after->status),
                 strcmp(seen_as, "refused") == 0 ? " as before" : "");
}

static void on_look_after(struct deed *a, const struct http_end *end)
{
    struct sight after = { .known = end->status == ST_OK };
    char status[16];
    const char *result;
    struct tape t;

    after.gone = end->head.code == 404;
    if (after.known && !after.gone) {
        after.known = tape_parse(a->d->parser, end->body, &t, NULL) == ST_OK &&
                      end->head.code == 200;
        if (after.known)
            after = sight_of(&t, status);
    }
    result = verdict_after(a->verdict, &a->seen, &after);
    if (strcmp(result, a->verdict) != 0)
        explain(a, result, &after);
    a->verdict = result;
    conclude(a);
}

static void look_after(struct deed *a)
{
    char path[ID_MAX + 32];
    struct errand look = { .path = path, .after = true, .then = on_look_after };

    snprintf(path, sizeof(path), "/containers/%s/json", a->container);
    deed_send(a, &look);
}

static void denied(struct deed *a)
{
    struct docker *d = a->d;
    const struct endpoint *e = d->act.base_url ? &d->act : &d->read;

    engine_act_is(d, "denied");
    if (!d->denial_said)
        docker_say(d, DOCKER_WARN,
                   "the Docker endpoint %s lets nothing be started (%s): "
                   "bladewatch only observes until it connects anew",
                   endpoint_name(e), a->message);
    d->denial_said = true;
}

/* Without an answer it may have been done all the same. */
static const char *no_answer(struct deed *a, const struct http_end *end)
{
    if (end->status == ST_NONE || end->status == ST_DENIED) {
        snprintf(a->message, sizeof(a->message), "no connection: %s",
                 end->text);
        return end->status == ST_NONE ? "unreachable" : "denied";
    }
    snprintf(a->message, sizeof(a->message),
             end->status == ST_BUSY ? "no answer in time%s"
                                    : "no whole answer: %s",
             end->status == ST_BUSY ? "" : end->text);
    return "timeout";
}

static void on_acted(struct deed *a, const struct http_end *end)
{
    bool told = end->status == ST_OK ||
                (end->status == ST_END && end->head.code >= 400);

    a->code = end->head.code;
    if (told) {
        engine_message(a->d, end, a->message, sizeof(a->message));
        a->verdict =
            verdict_of(a->code, slice_str(a->message), a->act.container);
    } else {
        a->verdict = no_answer(a, end);
    }
    if (strcmp(a->verdict, "denied") == 0) {
        if (a->act.kind == DOCKER_START)
            denied(a);
        deed_done(a, a->verdict, a->code, "%s", a->message);
    } else if (strcmp(a->verdict, "unreachable") == 0) {
        deed_done(a, a->verdict, a->code, "%s", a->message);
    } else {
        look_after(a);
    }
}

static void act_now(struct deed *a)
{
    char path[ID_MAX + 48];
    struct errand errand = { .act = true,
                             .post = true,
                             .path = path,
                             .within = DEED_FOR,
                             .then = on_acted };

    /* What is not sent by then would be sent on stale knowledge. */
    errand.connect_for = nsec_add(a->asked_at, LOOK_FRESH_FOR + NSEC_MSEC) -
                         loop_now(a->d->loop);
    if (a->act.kind == DOCKER_START)
        snprintf(path, sizeof(path), "/containers/%s/start", a->container);
    else
        snprintf(path, sizeof(path), "/containers/%s/restart?t=%d",
                 a->container, RESTART_STOP);
    deed_send(a, &errand);
}

/* -- beginning ---------------------------------------------------------- */

static void begin_with_version(struct deed *a)
{
    if (a->act.kind == DOCKER_RECREATE)
        deed_recreate(a);
    else
        deed_look(a);
}

/* A proxy that lets only acts pass may keep its version to itself. */
static void on_version(struct deed *a, const struct http_end *end)
{
    struct docker *d = a->d;
    char why[ERR_TEXT_MAX];
    struct tape t;

    if (deed_unanswered(a, end, "asking for the version"))
        return;
    if (end->head.code != 200 || tape_parse(d->parser, end->body, &t, NULL)) {
        d->act_minor = d->minor;
    } else if (engine_agree(&d->act, &t, &d->act_minor, why, sizeof(why))) {
        deed_done(a, "refused", 200, "%s", why);
        return;
    }
    begin_with_version(a);
}

static void begin(void *arg)
{
    struct deed *a = arg;
    struct docker *d = a->d;
    const struct errand version = { .act = true,
                                    .path = "/version",
                                    .then = on_version };

    if (d->version_set)
        d->act_minor = d->version_set;
    if (engine_act_denied(d))
        deed_done(a, "denied", 0, "the endpoint answered 403 before");
    else if (!container_id_ok(a->act.container))
        deed_done(a, "refused", 0, "its id is no id");
    else if (d->act.base_url && !d->act_minor)
        deed_send(a, &version);
    else
        begin_with_version(a);
}

/* Acts of one container do not overlap, nor are there too many. */
static bool has_room(const struct docker *d, const struct docker_act *act)
{
    const struct deed *a;
    size_t n = 0;

    for (a = d->deeds; a; a = a->next) {
        if (slice_is(act->name, a->name) ||
            slice_is(act->container, a->container))
            return false;
        n++;
    }
    return n < DEEDS_MAX;
}

enum status docker_act(struct docker *d, const struct docker_act *act)
{
    struct deed *a;

    if (d->stopped || d->state != ENGINE_UP || !has_room(d, act))
        return ST_AGAIN;
    a = xcalloc(1, sizeof(*a));
    a->d = d;
    a->act = *act;
    copy_text(act->name, a->name, sizeof(a->name));
    copy_text(act->container, a->container, sizeof(a->container));
    copy_text(act->status, a->expected, sizeof(a->expected));
    a->act.name = slice_str(a->name);
    a->act.container = slice_str(a->container);
    a->act.status = slice_str(a->expected);
    a->began_at = loop_now(d->loop);
    a->until = nsec_add(a->began_at, DEED_FOR);
    buf_init(&a->inspect, ANSWER_MAX);
    buf_init(&a->spec, SPEC_MAX);
    a->next = d->deeds;
    a->at = &d->deeds;
    if (a->next)
        a->next->at = &a->next;
    d->deeds = a;
    loop_timer_start(d->loop, &a->begin, 0, 0, begin, a);
    return ST_OK;
}
