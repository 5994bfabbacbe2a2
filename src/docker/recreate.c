#include "docker/deed.h"

#include "docker/body.h"
#include "docker/spec.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/*
 * The container is gone: made anew of what is kept of it, with its name and
 * all that it had, or not at all.  First everything it needs is asked for,
 * then it is created, connected to its other networks and started.
 *
 * Whatever breaks off after the creation leaves a container as created that
 * says by its label of which it is made (LABEL_RECREATED): whoever starts it
 * here connects it first, see deed_is_half_made().
 */

#define BODY_MAX   (2 * SPEC_MAX)
#define CREATE_FOR (30 * NSEC_SEC)

static const char *const k_image[] = { "Config", "Image" };
static const char *const k_networks[] = { "NetworkSettings", "Networks" };
static const char *const k_labels[] = { "Config", "Labels" };
static const char *const k_started[] = { "State", "StartedAt" };

enum need_kind { NEED_TAG, NEED_IMAGE, NEED_NETWORK, NEED_JOINED, NEED_VOLUME };

struct need {
    enum need_kind kind;
    struct slice what; /* points into the tape */
};

static const struct {
    const char *before, *behind; /* of its name in the path */
    bool read;                   /* asked of the read endpoint */
    const char *lost;
} needs[] = {
    [NEED_TAG] = { "/images/", "/json", false, NULL },
    [NEED_IMAGE] = { "/images/", "/json", false, "its image is gone" },
    [NEED_NETWORK] = { "/networks/", "", false, "its network is gone" },
    [NEED_JOINED] = { "/containers/", "/json", true,
                      "the container it joins is gone" },
    [NEED_VOLUME] = { "/volumes/", "", false,
                      "its volume is gone, and the data with it" },
};

static void next_need(struct deed *a);
static void connect_next(struct deed *a);

/* ST_OK from load_spec() came before: it is JSON. */
static struct tape spec_of(struct deed *a)
{
    struct tape t;
    enum status st = tape_parse(a->d->parser, buf_view(&a->spec), &t, NULL);

    assert(st == ST_OK);
    return t;
}

static enum status load_spec(struct deed *a)
{
    struct tape t;
    enum status st = spec_load(a->d->specs, a->old, &a->spec);

    return st ? st : tape_parse(a->d->parser, buf_view(&a->spec), &t, NULL);
}

/* As a part of a path; what is an image may have more parts. */
void deed_escape(struct slice s, const char *allowed, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c && (isalnum(c) || strchr("-_.", c) || strchr(allowed, c)))
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* -- what it needs -------------------------------------------------------- */

static const char *joined(struct slice mode)
{
    static const char prefix[] = "container:";
    size_t n = strlen(prefix);

    return mode.n > n && memcmp(mode.p, prefix, n) == 0 ? mode.p + n : NULL;
}

/* The nth network it is connected to, by the tape's index; 0: no more. */
static size_t nth_network(const struct tape *t, size_t nth)
{
    size_t all = tape_at(t, k_networks, 2);

    for (size_t i = all + 1; all && i < t->op[all].end; i = t->op[i].end) {
        if (!(t->op[i].flags & TAPE_DEAD) && nth-- == 0)
            return i + 1;
    }
    return 0;
}

static bool nth_joined(const struct tape *t, size_t *nth, struct slice *ret)
{
    static const char *const modes[] = { "NetworkMode", "IpcMode", "PidMode" };

    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        struct slice mode = tape_string(
            t, tape_find(t, tape_find(t, 0, "HostConfig"), modes[i]));
        const char *id = joined(mode);

        if (!id || (*nth)-- != 0)
            continue;
        *ret = slice_of(id, (size_t)(mode.p + mode.n - id));
        return true;
    }
    return false;
}

static bool nth_volume(const struct tape *t, size_t nth, struct slice *ret)
{
    size_t all = tape_find(t, 0, "Mounts");

    if (!all || t->op[all].kind != TAPE_ARRAY)
        return false;
    for (size_t i = all + 1; i < t->op[all].end; i = tape_next(t, i)) {
        if (!slice_is(tape_string(t, tape_find(t, i, "Type")), "volume") ||
            nth-- != 0)
            continue;
        *ret = tape_string(t, tape_find(t, i, "Name"));
        return true;
    }
    return false;
}

/* False: there are no more. */
static bool nth_need(const struct tape *t, size_t nth, struct need *ret)
{
    size_t network, networks = 0;

    if (nth == 0) {
        *ret =
            (struct need){ NEED_TAG, tape_string(t, tape_at(t, k_image, 2)) };
        return true;
    }
    if (nth == 1) {
        *ret = (struct need){ NEED_IMAGE,
                              tape_string(t, tape_find(t, 0, "Image")) };
        return true;
    }
    nth -= 2;
    network = nth_network(t, nth);
    if (network) {
        *ret = (struct need){ NEED_NETWORK, tape_text(&t->op[network - 1]) };
        return true;
    }
    while (nth_network(t, networks))
        networks++;
    nth -= networks;
    if (nth_joined(t, &nth, &ret->what)) {
        ret->kind = NEED_JOINED;
        return true;
    }
    ret->kind = NEED_VOLUME;
    return nth_volume(t, nth, &ret->what);
}

static void needs_in_vain(struct deed *a, const struct need *need, int code,
                          const char *words)
{
    if (code == 403)
        deed_done(a, "denied", code, "asking for what it needs (%.*s): %s",
                  SLICE_ARG(need->what), words);
    else if (code == 404)
        deed_done(a, "unfaithful", code, "%s: %.*s", needs[need->kind].lost,
                  SLICE_ARG(need->what));
    else
        deed_done(a, "unfaithful", code, "it needs %.*s: %s",
                  SLICE_ARG(need->what), words);
}

/* The tag it was made of may stand for another image now. */
static void take_tag(struct deed *a, const struct http_end *end)
{
    char id[128];
    struct tape t;

    *id = '\0';
    if (end->head.code == 200 &&
        tape_parse(a->d->parser, end->body, &t, NULL) == ST_OK)
        copy_text(tape_string(&t, tape_find(&t, 0, "Id")), id, sizeof(id));
    t = spec_of(a);
    a->by_tag = *id && slice_is(tape_string(&t, tape_find(&t, 0, "Image")), id);
    a->nth += a->by_tag ? 2 : 1;
    next_need(a);
}

static void on_need(struct deed *a, const struct http_end *end)
{
    char name[NAME_MAX_BYTES + 1], words[200];
    struct need need;
    struct tape t;
    bool asked;

    if (deed_unanswered(a, end, "asking for what it needs"))
        return;
    if (a->nth == 0) {
        take_tag(a, end);
        return;
    }
    engine_message(a->d, end, words, sizeof(words));
    if (tape_parse(a->d->parser, end->body, &t, NULL) == ST_OK)
        copy_text(tape_string(&t, tape_find(&t, 0, "Name")), name,
                  sizeof(name));
    else
        *name = '\0';
    t = spec_of(a);
    asked = nth_need(&t, a->nth, &need);
    assert(asked);
    if (end->head.code == 200 && need.kind == NEED_NETWORK &&
        !slice_is(need.what, name))
        needs_in_vain(a, &need, 404, words); /* the start of another's id */
    else if (end->head.code != 200)
        needs_in_vain(a, &need, end->head.code, words);
    else {
        a->nth++;
        next_need(a);
    }
}

/* -- making it ------------------------------------------------------------ */

static void start_it(struct deed *a)
{
    a->act.kind = DOCKER_START;
    snprintf(a->expected, sizeof(a->expected), "created");
    a->act.status = slice_str(a->expected);
    a->act.started_at = a->act.finished_at = 0;
    a->whole = true;
    deed_look(a);
}

static void on_connected(struct deed *a, const struct http_end *end)
{
    char words[200];

    if (deed_unanswered(a, end,
                        "connecting it to its networks; it was left "
                        "as created"))
        return;
    if (end->head.code == 200 || end->head.code == 204) {
        a->nth++;
        connect_next(a);
        return;
    }
    engine_message(a->d, end, words, sizeof(words));
    deed_done(a, end->head.code == 403 ? "denied" : "network", end->head.code,
              "connecting it to its networks: %s; it was left as created",
              words);
}

/* What is connected already, the engine lets be. */
static void connect_next(struct deed *a)
{
    struct errand errand = { .act = true, .post = true, .then = on_connected };
    size_t primary = 0, network = 0;
    struct tape t = spec_of(a);
    struct buf path, body;
    struct err why;

    if (body_primary(&t, &primary, &why)) {
        deed_done(a, "unfaithful", 0, "%s", why.text);
        return;
    }
    network = nth_network(&t, a->nth);
    if (network && network == primary)
        network = nth_network(&t, ++a->nth);
    if (!network || !primary) {
        start_it(a);
        return;
    }
    buf_init(&path, 4096);
    buf_str(&path, "/networks/");
    deed_escape(tape_text(&t.op[network - 1]), "", &path);
    buf_str(&path, "/connect");
    buf_init(&body, BODY_MAX);
    body_connect(&t, network, slice_str(a->old), a->act.container, &body);
    errand.path = buf_cstr(&path);
    errand.content = buf_view(&body);
    deed_send(a, &errand);
    buf_release(&path);
    buf_release(&body);
}

/* a->container is it now. */
static void made(struct deed *a)
{
    a->act.container = slice_str(a->container);
    a->nth = 0;
    connect_next(a);
}

static void on_created(struct deed *a, const struct http_end *end)
{
    struct slice id = slice_of("", 0);
    char words[200];
    struct tape t;

    if (deed_unanswered(a, end, "creating it"))
        return;
    engine_message(a->d, end, words, sizeof(words));
    if (tape_parse(a->d->parser, end->body, &t, NULL) == ST_OK)
        id = tape_string(&t, tape_find(&t, 0, "Id"));
    if (end->head.code == 201 && container_id_ok(id)) {
        copy_text(id, a->container, sizeof(a->container));
        made(a);
        return;
    }
    if (end->head.code == 201)
        deed_done(a, "refused", 201,
                  "the engine does not say which container it created");
    else if (end->head.code == 403)
        deed_done(a, "denied", 403, "creating it: %s", words);
    else
        deed_done(a, end->head.code >= 500 ? "refused" : "unfaithful",
                  end->head.code, "creating it: %s", words);
}

static void create(struct deed *a)
{
    char path[NAME_MAX_BYTES + 64];
    struct errand errand = { .act = true,
                             .post = true,
                             .path = path,
                             .within = CREATE_FOR,
                             .then = on_created };
    struct body_create how = { .minor = a->d->act.base_url ? a->d->act_minor
                                                           : a->d->minor };
    struct tape t = spec_of(a);
    struct buf body;
    struct err why;

    how.image = a->by_tag ? tape_string(&t, tape_at(&t, k_image, 2))
                          : tape_string(&t, tape_find(&t, 0, "Image"));
    snprintf(path, sizeof(path), "/containers/create?name=%s", a->name);
    buf_init(&body, BODY_MAX);
    if (body_create(&t, &how, &body, &why)) {
        deed_done(a, "unfaithful", 0, "%s", why.text);
    } else {
        errand.content = buf_view(&body);
        deed_send(a, &errand);
    }
    buf_release(&body);
}

static void next_need(struct deed *a)
{
    struct errand errand = { .then = on_need };
    struct tape t = spec_of(a);
    struct need need;
    struct buf path;

    if (!nth_need(&t, a->nth, &need)) {
        create(a);
        return;
    }
    buf_init(&path, 4096);
    buf_str(&path, needs[need.kind].before);
    deed_escape(need.what, need.kind <= NEED_IMAGE ? "/:@" : "", &path);
    buf_str(&path, needs[need.kind].behind);
    errand.act = !needs[need.kind].read;
    errand.path = buf_cstr(&path);
    deed_send(a, &errand);
    buf_release(&path);
}

/* -- whether it may be made ---------------------------------------------- */

static bool is_made_of(const struct tape *t, const char *old)
{
    size_t labels = tape_at(t, k_labels, 2);

    return labels &&
           slice_is(tape_string(t, tape_find(t, labels, LABEL_RECREATED)), old);
}

static bool never_ran(const struct tape *t)
{
    nsec at = 0;

    return instant_parse(tape_string(t, tape_at(t, k_started, 2)), &at) ||
           at <= 0;
}

static bool name_ok(const char *name)
{
    for (const char *p = name; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
            return false;
    }
    return isalnum((unsigned char)*name);
}

/* Nobody has its name. */
static void may_be_made(struct deed *a)
{
    struct specs *specs = a->d->specs;
    const char *barred;
    struct tape t;

    if (load_spec(a)) {
        deed_done(a, "unfaithful", 0, "nothing is kept of it");
        return;
    }
    t = spec_of(a);
    barred = deed_barred(a->d, &t);
    if (barred)
        deed_done(a, "unfaithful", 0, "%s", barred);
    else if (spec_taken_down(specs, a->old))
        deed_done(a, "unfaithful", 0, "its compose project was taken down");
    else
        next_need(a);
}

static void complete(struct deed *a)
{
    if (container_id_ok(slice_str(a->old)) && load_spec(a) == ST_OK)
        made(a);
    else
        deed_done(a, "unfaithful", 0,
                  "it was made anew in part, and what it lacks is not known");
}

/* An earlier attempt, of this process or of one before it, made it. */
static void go_on(struct deed *a, const struct tape *namesake)
{
    bool ran = !never_ran(namesake);

    copy_text(tape_string(namesake, tape_find(namesake, 0, "Id")), a->container,
              sizeof(a->container));
    if (ran)
        deed_done(a, "started", 200, "it was made anew already");
    else
        complete(a);
}

static void on_namesake(struct deed *a, const struct http_end *end)
{
    struct slice id, name;
    struct tape t;

    if (deed_unanswered(a, end, "asking for its name"))
        return;
    if (end->head.code == 404) {
        may_be_made(a);
        return;
    }
    name = slice_of("", 0);
    if (end->head.code == 200 &&
        tape_parse(a->d->parser, end->body, &t, NULL) == ST_OK)
        name = tape_string(&t, tape_find(&t, 0, "Name"));
    if (!name.n) {
        deed_done(a, "refused", end->head.code,
                  "the engine does not say who has its name");
        return;
    }
    id = tape_string(&t, tape_find(&t, 0, "Id"));
    if (name.n != strlen(a->name) + 1 ||
        memcmp(name.p + 1, a->name, name.n - 1) != 0)
        may_be_made(a); /* the name is the start of another's id */
    else if (is_made_of(&t, a->old) && container_id_ok(id))
        go_on(a, &t);
    else
        deed_done(a, "unfaithful", 200, "its name is taken by %.*s",
                  id.n < 12 ? (int)id.n : 12, id.p);
}

static void on_old(struct deed *a, const struct http_end *end)
{
    char path[NAME_MAX_BYTES + 32];
    const struct errand namesake = { .path = path, .then = on_namesake };

    if (deed_unanswered(a, end, "asking for it"))
        return;
    snprintf(path, sizeof(path), "/containers/%s/json", a->name);
    if (end->head.code == 404)
        deed_send(a, &namesake);
    else if (end->head.code == 200)
        deed_done(a, "changed", 200, "it is there");
    else
        deed_done(a, "refused", end->head.code,
                  "the engine does not say whether it is there");
}

void deed_recreate(struct deed *a)
{
    char path[ID_MAX + 32];
    const struct errand old = { .path = path, .then = on_old };

    specs_tick(a->d->specs);
    memcpy(a->old, a->container, sizeof(a->old));
    snprintf(path, sizeof(path), "/containers/%s/json", a->container);
    if (name_ok(a->name))
        deed_send(a, &old);
    else
        deed_done(a, "unfaithful", 0, "its name is no name");
}

bool deed_is_half_made(const struct tape *inspect)
{
    size_t labels = tape_at(inspect, k_labels, 2);

    return labels && tape_find(inspect, labels, LABEL_RECREATED) &&
           never_ran(inspect);
}

void deed_complete(struct deed *a, const struct tape *inspect)
{
    size_t labels = tape_at(inspect, k_labels, 2);

    copy_text(tape_string(inspect, tape_find(inspect, labels, LABEL_RECREATED)),
              a->old, sizeof(a->old));
    complete(a);
}
