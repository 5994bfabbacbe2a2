#include "load.h"

#include "app/rules.h"
#include "app/zones.h"
#include "base/utf8.h"
#include "data/json.h"

#include <string.h>
#include <sys/stat.h>

void load_init(struct load *l)
{
    *l = (struct load){ 0 };
    buf_init(&l->text, BUF_NO_CAP);
    buf_init(&l->zones, BUF_NO_CAP);
    buf_init(&l->read, BUF_NO_CAP);
}

void load_release(struct load *l)
{
    buf_release(&l->text);
    buf_release(&l->zones);
    buf_release(&l->read);
}

static void keep(struct buf *to, struct slice text)
{
    buf_reset(to);
    buf_slice(to, text);
}

void load_known(struct load *l, const struct event *ev)
{
    keep(&l->text, ev->line);
    keep(&l->zones, ev->id);
    l->count = ev->seq;
    l->unsure = false;
}

void load_forget(struct load *l)
{
    l->unsure = true;
}

/* A name may be any bytes, a recording is UTF-8. */
static void name_json(struct slice name, struct buf *out)
{
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    utf8_repair(name, &text);
    json_string(buf_view(&text), out);
    buf_release(&text);
}

static void files_json(const struct app_rules *rules, struct buf *out)
{
    size_t i;

    buf_char(out, '[');
    for (i = 0; i < rules->n; i++) {
        buf_str(out, i ? ",{\"name\":" : "{\"name\":");
        name_json(rules->file[i].name, out);
        buf_str(out, ",\"text\":");
        json_string(rules->file[i].text, out);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static enum status check(struct load *l, const struct app_rules *rules,
                         struct buf *said)
{
    const struct rule_options options = { 0 };
    struct diagnostics diags = { 0 };
    struct ruleset *set = NULL;
    enum status st =
        ruleset_load(rules->file, rules->n, &options, &diags, &set);

    diagnostics_write(&diags, false, said);
    diagnostics_release(&diags);
    l->nfiles = rules->n;
    l->nrules = st ? 0 : set->n;
    ruleset_free(set);
    return st ? ST_BAD : ST_OK;
}

/* A pipe would stop the process until somebody writes into it, and is empty
 * the next time. */
static enum status can_be_read_again(const char *path, struct err *err)
{
    struct stat about;

    if (strcmp(path, "-") != 0 &&
        (stat(path, &about) || S_ISREG(about.st_mode) ||
         S_ISDIR(about.st_mode)))
        return ST_OK; /* or app_rules_read() says why not */
    err_set(err,
            "%.300s cannot be read again at a reload: name a file or a "
            "directory",
            path);
    return ST_BAD;
}

static enum status read_all(struct app_rules *rules, char *const *paths,
                            size_t n, struct buf *said)
{
    enum status st = ST_OK;
    struct err err;
    size_t i;

    for (i = 0; i < n && !st; i++) {
        st = can_be_read_again(paths[i], &err);
        if (!st)
            st = app_rules_read(rules, paths[i], &err);
    }
    if (st)
        buf_printf(said, "%s\n", err.text);
    return st ? ST_DENIED : ST_OK;
}

/* No rules at all are as good as an empty list of files. */
static bool in_force(const struct load *l)
{
    struct slice known = l->text.n ? buf_view(&l->text) : slice_str("[]");
    struct slice text = buf_view(&l->read);

    return !l->unsure && slice_eq(known, text) &&
           (slice_is(text, "[]") ||
            slice_is(buf_view(&l->zones), l->read_zones));
}

enum status load_read(struct load *l, char *const *paths, size_t n,
                      struct event *ev, struct buf *said)
{
    struct app_rules rules = { 0 };
    enum status st = read_all(&rules, paths, n, said);

    if (!st)
        st = check(l, &rules, said);
    if (!st) {
        buf_reset(&l->read);
        files_json(&rules, &l->read);
        zones_version(l->read_zones, sizeof(l->read_zones));
        st = in_force(l) ? ST_NONE : ST_OK;
    }
    if (!st)
        *ev = (struct event){ .kind = EV_RULES,
                              .seq = l->count + 1,
                              .line = buf_view(&l->read),
                              .id = slice_str(l->read_zones) };
    app_rules_release(&rules);
    return st;
}
