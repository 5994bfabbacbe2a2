#include "cli/top.h"

#include "base/alloc.h"
#include "data/json.h"
#include "data/pretty.h"
#include "data/tape.h"
#include "heal/heal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SHOWN      12
#define ID_LEAST      4  /* digits by which one is called */
#define COLUMN_MIN    10 /* with the gap, as `docker stats` has it */
#define COLUMN_GAP    3
#define REVIVAL_LEAST 12 /* the rest of it may be cut off */

enum mood { MOOD_WELL, MOOD_CARE, MOOD_DOWN };

struct row {
    const struct tape *t;
    size_t at;    /* of its object on the tape */
    size_t stats; /* 0: none, or they are stale */
    struct slice name, id;
    bool runs;
    enum mood mood;
    double cpu, memory; /* to sort by; -1: not known */
};

/* -- reading -------------------------------------------------------------- */

/* Index of the member's value; 0: it is not there. */
static size_t member(const struct row *r, size_t object, const char *key)
{
    const struct tape_op *op =
        object ? tape_member_of(r->t, object, key) : NULL;

    return op ? (size_t)(op - r->t->op) : 0;
}

static struct slice text(const struct row *r, size_t object, const char *key)
{
    size_t i = member(r, object, key);

    return i && r->t->op[i].kind == TAPE_STRING ? tape_text(&r->t->op[i])
                                                : slice_of("", 0);
}

static double number(const struct row *r, size_t object, const char *key,
                     double otherwise)
{
    size_t i = member(r, object, key);
    char digits[64];

    if (!i || r->t->op[i].kind != TAPE_NUMBER)
        return otherwise;
    snprintf(digits, sizeof(digits), "%.*s",
             SLICE_ARG(tape_text(&r->t->op[i])));
    return strtod(digits, NULL);
}

static bool truth(const struct row *r, size_t object, const char *key)
{
    size_t i = member(r, object, key);

    return i && r->t->op[i].kind == TAPE_TRUE;
}

static enum mood revival_mood(struct slice state)
{
    static const enum mood moods[HEAL_STATES] = {
        [HEAL_OK] = MOOD_WELL,        [HEAL_SUSPECT] = MOOD_DOWN,
        [HEAL_WAITING] = MOOD_DOWN,   [HEAL_ACTING] = MOOD_DOWN,
        [HEAL_VERIFYING] = MOOD_CARE, [HEAL_HELD] = MOOD_CARE,
        [HEAL_COMPLETED] = MOOD_WELL, [HEAL_GIVEN_UP] = MOOD_DOWN,
        [HEAL_BLOCKED] = MOOD_DOWN,   [HEAL_LOOPING] = MOOD_DOWN,
        [HEAL_FROZEN] = MOOD_DOWN,    [HEAL_MISSING] = MOOD_DOWN,
        [HEAL_EXEMPT] = MOOD_WELL,
    };

    for (int i = 0; i < HEAL_STATES; i++) {
        if (slice_is(state, heal_state_name((enum heal_state)i)))
            return moods[i];
    }
    return MOOD_WELL;
}

static enum mood mood_of(const struct row *r)
{
    struct slice state = text(r, r->at, "state");
    struct slice health = text(r, r->at, "health");
    enum mood mood =
        revival_mood(text(r, member(r, r->at, "revival"), "state"));

    /* Docker calls whoever is stopped or paused unhealthy too. */
    if (truth(r, member(r, r->at, "probe"), "down") ||
        slice_is(state, "restarting") || slice_is(state, "dead") ||
        (slice_is(state, "running") && slice_is(health, "unhealthy")))
        return mood == MOOD_CARE ? MOOD_CARE : MOOD_DOWN;
    return slice_is(state, "paused") && mood == MOOD_WELL ? MOOD_CARE : mood;
}

static struct row row_of(const struct top_view *v, const struct tape *t,
                         size_t at)
{
    struct row r = { .t = t, .at = at, .cpu = -1, .memory = -1 };
    size_t stats = member(&r, at, "stats");

    r.name = text(&r, at, "name");
    r.id = text(&r, at, "id");
    r.runs = slice_is(text(&r, at, "state"), "running") ||
             slice_is(text(&r, at, "state"), "paused");
    r.mood = mood_of(&r);
    if (stats && t->op[stats].kind == TAPE_OBJECT && !v->stale) {
        r.stats = stats;
        r.cpu = number(&r, stats, "cpuPercent", -1);
        r.memory = number(&r, stats, "memUsage", -1);
    }
    return r;
}

/* -- which, and in which order -------------------------------------------- */

static bool is_called(const struct row *r, const char *name)
{
    size_t n = strlen(name);

    return slice_is(r->name, name) ||
           (n >= ID_LEAST && n <= r->id.n && memcmp(r->id.p, name, n) == 0);
}

static bool chosen(const struct top_view *v, const struct row *r)
{
    if (!v->nnames)
        return v->all || r->runs || r->mood != MOOD_WELL;
    for (size_t i = 0; i < v->nnames; i++) {
        if (is_called(r, v->names[i]))
            return true;
    }
    return false;
}

static int by_name(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;

    return slice_cmp(a->name, b->name);
}

static int by_cpu(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;

    if (a->cpu != b->cpu)
        return a->cpu < b->cpu ? 1 : -1;
    return by_name(pa, pb);
}

static int by_memory(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;

    if (a->memory != b->memory)
        return a->memory < b->memory ? 1 : -1;
    return by_name(pa, pb);
}

static const struct {
    const char *name;
    int (*compare)(const void *a, const void *b);
} orders[] = {
    [TOP_BY_NAME] = { "name", by_name },
    [TOP_BY_CPU] = { "cpu", by_cpu },
    [TOP_BY_MEM] = { "mem", by_memory },
};

enum status top_sort_parse(struct slice name, enum top_sort *ret)
{
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
        if (slice_is(name, orders[i].name)) {
            *ret = (enum top_sort)i;
            return ST_OK;
        }
    }
    return ST_BAD;
}

/* -- cells ---------------------------------------------------------------- */

static void put_known(struct slice s, const char *none, struct buf *out)
{
    pretty_text(s.n ? s : slice_str(none), out);
}

static void put_id(const struct row *r, struct buf *out)
{
    put_known(slice_of(r->id.p, r->id.n < ID_SHOWN ? r->id.n : ID_SHOWN), "--",
              out);
}

static void put_name(const struct row *r, struct buf *out)
{
    put_known(r->name, "--", out);
}

static void put_figure(const struct row *r, const char *key, const char *none,
                       struct buf *out)
{
    put_known(text(r, member(r, r->stats, "text"), key), none, out);
}

static void put_cpu(const struct row *r, struct buf *out)
{
    put_figure(r, "cpu", "--", out);
}

static void put_memory(const struct row *r, struct buf *out)
{
    put_figure(r, "mem", "-- / --", out);
}

static void put_memory_percent(const struct row *r, struct buf *out)
{
    put_figure(r, "memPercent", "--", out);
}

static void put_net(const struct row *r, struct buf *out)
{
    put_figure(r, "net", "--", out);
}

static void put_block(const struct row *r, struct buf *out)
{
    put_figure(r, "blk", "--", out);
}

static void put_pids(const struct row *r, struct buf *out)
{
    put_figure(r, "pids", "--", out);
}

static void put_state(const struct row *r, struct buf *out)
{
    struct slice state = text(r, r->at, "state");
    struct slice health = text(r, r->at, "health");

    put_known(state, "--", out);
    if (slice_is(state, "exited"))
        buf_printf(out, " (%.0f)", number(r, r->at, "exit_code", 0));
    else if (slice_is(state, "running") && health.n &&
             !slice_is(health, "healthy") && !slice_is(health, "none")) {
        buf_str(out, " (");
        pretty_text(health, out);
        buf_char(out, ')');
    }
}

static void put_probe(const struct row *r, struct buf *out)
{
    size_t probe = member(r, r->at, "probe");
    double fails = number(r, probe, "fails", 0);

    if (!r->runs || !probe || r->t->op[probe].kind != TAPE_OBJECT)
        buf_char(out, '-');
    else if (truth(r, probe, "down"))
        buf_str(out, "down");
    else if (fails > 0)
        buf_printf(out, "%.0f failed", fails);
    else
        buf_str(out, truth(r, probe, "ok") ? "ok" : "--");
}

/* "waiting (2): exited with code 1"; what is well needs no words. */
static void put_revival(const struct row *r, struct buf *out)
{
    size_t revival = member(r, r->at, "revival");
    struct slice state = text(r, revival, "state");
    struct slice reason = text(r, revival, "reason");
    double attempts = number(r, revival, "attempts", 0);

    put_known(state, "-", out);
    if (attempts > 0)
        buf_printf(out, " (%.0f)", attempts);
    if (!reason.n || slice_is(state, heal_state_name(HEAL_OK)))
        return;
    buf_str(out, ": ");
    pretty_text(reason, out);
}

static const struct column {
    const char *title;
    void (*put)(const struct row *r, struct buf *out);
    int leaves; /* which goes first where it is narrow; 0: stays */
} columns[] = {
    { "CONTAINER ID", put_id, 4 },
    { "NAME", put_name, 0 },
    { "CPU %", put_cpu, 0 },
    { "MEM USAGE / LIMIT", put_memory, 0 },
    { "MEM %", put_memory_percent, 5 },
    { "NET I/O", put_net, 2 },
    { "BLOCK I/O", put_block, 1 },
    { "PIDS", put_pids, 3 },
    { "STATE", put_state, 0 },
    { "PROBE", put_probe, 0 },
    { "REVIVAL", put_revival, 0 },
};

#define COLUMNS (sizeof(columns) / sizeof(*columns))
#define LAST    (COLUMNS - 1)

/* -- the table ------------------------------------------------------------ */

struct cell {
    size_t from, n; /* in the table's text */
};

struct table {
    const struct top_view *view;
    struct row *rows;
    size_t nrows;
    size_t notes; /* lines above it */
    struct buf text;
    struct cell *cells; /* a line of COLUMNS for the titles, one for each row */
    size_t width[COLUMNS];
    bool left_out[COLUMNS];
};

/* Characters; a cut or foreign byte counts as one. */
static size_t width_of(struct slice s)
{
    size_t width = 0;

    for (size_t i = 0; i < s.n; i++)
        width += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return width;
}

static struct slice cell_text(const struct table *t, size_t line, size_t column)
{
    const struct cell *c = &t->cells[line * COLUMNS + column];

    return slice_of(t->text.p + c->from, c->n);
}

static void fill(struct table *t)
{
    t->cells = xcalloc((t->nrows + 1) * COLUMNS, sizeof(*t->cells));
    for (size_t line = 0; line <= t->nrows; line++) {
        for (size_t k = 0; k < COLUMNS; k++) {
            struct cell *c = &t->cells[line * COLUMNS + k];

            c->from = t->text.n;
            if (line)
                columns[k].put(&t->rows[line - 1], &t->text);
            else
                buf_str(&t->text, columns[k].title);
            c->n = t->text.n - c->from;
        }
    }
}

static void measure(struct table *t)
{
    for (size_t k = 0; k < LAST; k++) {
        t->width[k] = COLUMN_MIN;
        for (size_t line = 0; line <= t->nrows; line++) {
            size_t n = width_of(cell_text(t, line, k)) + COLUMN_GAP;

            if (n > t->width[k])
                t->width[k] = n;
        }
    }
    t->width[LAST] = REVIVAL_LEAST;
}

static bool fits(const struct table *t)
{
    size_t sum = 0;

    for (size_t k = 0; k < COLUMNS; k++)
        sum += t->left_out[k] ? 0 : t->width[k];
    return sum <= t->view->width;
}

static void narrow(struct table *t)
{
    for (int turn = 1; turn <= (int)COLUMNS && !fits(t); turn++) {
        for (size_t k = 0; k < COLUMNS; k++)
            t->left_out[k] = t->left_out[k] || columns[k].leaves == turn;
    }
}

/* At most room characters of s. */
static struct slice cut(struct slice s, size_t room)
{
    size_t i, used = 0;

    for (i = 0; i < s.n; i++) {
        used += ((unsigned char)s.p[i] & 0xC0) != 0x80;
        if (used > room)
            break;
    }
    return slice_of(s.p, i);
}

static void put_cells(const struct table *t, size_t line, struct buf *out)
{
    size_t room = t->view->width ? t->view->width : SIZE_MAX;
    size_t gap = 0; /* before the next cell: no blank ends a line */

    for (size_t k = 0; k < COLUMNS; k++) {
        struct slice s = cell_text(t, line, k);
        size_t width = width_of(s);

        if (t->left_out[k])
            continue;
        if (gap >= room)
            return;
        buf_printf(out, "%*s", (int)gap, "");
        room -= gap;
        buf_slice(out, cut(s, room));
        room -= width < room ? width : room;
        gap = k < LAST ? t->width[k] - width : 0;
    }
}

static void put_line(const struct table *t, size_t line, struct buf *out)
{
    static const char *const colours[] = {
        [MOOD_CARE] = "\033[33m", [MOOD_DOWN] = "\033[31m"
    };
    enum mood mood = line ? t->rows[line - 1].mood : MOOD_WELL;
    bool coloured = t->view->colour && mood != MOOD_WELL;

    if (coloured)
        buf_str(out, colours[mood]);
    put_cells(t, line, out);
    if (coloured)
        buf_str(out, "\033[0m");
    buf_char(out, '\n');
}

static void put_table(struct table *t, struct buf *out)
{
    size_t lines = t->nrows + 1, most = t->view->height;

    most -= most > t->notes ? t->notes : 0;
    buf_init(&t->text, BUF_NO_CAP);
    fill(t);
    measure(t);
    if (t->view->width)
        narrow(t);
    if (most && lines > most)
        lines = most > 1 ? most - 1 : most;
    for (size_t line = 0; line < lines; line++)
        put_line(t, line, out);
    if (lines <= t->nrows && most > 1)
        buf_printf(out, "... and %zu more\n", t->nrows + 1 - lines);
    free(t->cells);
    buf_release(&t->text);
}

static void put_json(const struct table *t, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < t->nrows; i++) {
        if (i)
            buf_char(out, ',');
        json_value(t->rows[i].t, t->rows[i].at, out);
    }
    buf_str(out, "]\n");
}

/* -- all of it ------------------------------------------------------------ */

/* How many objects an array of nothing else has; ST_BAD: it is none. */
static enum status count_objects(const struct tape *t, size_t *ret_n)
{
    size_t i = 1;

    if (t->op[0].kind != TAPE_ARRAY)
        return ST_BAD;
    for (*ret_n = 0; i < t->op[0].end; i = t->op[i].end, ++*ret_n) {
        if (t->op[i].kind != TAPE_OBJECT)
            return ST_BAD;
    }
    return ST_OK;
}

static void read_rows(struct table *table, const struct tape *t, size_t n)
{
    size_t i = 1;

    table->rows = xcalloc(n ? n : 1, sizeof(*table->rows));
    for (; n; n--, i = t->op[i].end) {
        struct row *r = &table->rows[table->nrows];

        *r = row_of(table->view, t, i);
        table->nrows += chosen(table->view, r);
    }
}

static bool is_there(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->nrows; i++)
        if (is_called(&table->rows[i], name))
            return true;
    return false;
}

static enum status find_names(const struct table *table, struct err *err)
{
    const struct top_view *v = table->view;
    size_t missing = 0;
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    for (size_t i = 0; i < v->nnames; i++)
        if (!is_there(table, v->names[i]))
            buf_printf(&text, "%s \"%.100s\"", missing++ ? "," : "",
                       v->names[i]);
    if (missing)
        err_set(err, "there is no container%s", buf_cstr(&text));
    buf_release(&text);
    return missing && missing == v->nnames ? ST_NONE : ST_OK;
}

/* Which of the names are not there. */
static void put_missing(struct table *t, const struct err *err, struct buf *out)
{
    struct slice note = slice_str(err->text);

    if (!t->view->noted || !note.n)
        return;
    if (t->view->width)
        note = cut(note, t->view->width);
    pretty_text(note, out);
    buf_char(out, '\n');
    t->notes = 1;
}

enum status top_render(const struct top_view *view, struct slice containers,
                       struct buf *out, struct err *err)
{
    struct tape_parser *parser = tape_parser_new(0);
    struct table table = { .view = view };
    struct tape t;
    size_t n;
    enum status st = ST_BAD;

    if (tape_parse(parser, json_trim(containers), &t, NULL) ||
        count_objects(&t, &n)) {
        err_set(err, "no list of containers came; is that a bladewatch?");
    } else {
        read_rows(&table, &t, n);
        qsort(table.rows, table.nrows, sizeof(*table.rows),
              orders[view->sort].compare);
        st = find_names(&table, err);
        if (view->json) {
            put_json(&table, out);
        } else {
            put_missing(&table, err, out);
            put_table(&table, out);
        }
    }
    free(table.rows);
    tape_parser_free(parser);
    return st;
}
