#include "inside.h"

#include "data/near.h"
#include "rule/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 600

static struct source_span span_of(const struct loader *l,
                                  const struct yaml_node *where, size_t from,
                                  size_t to)
{
    if (where->kind == YAML_MAPPING && where->first)
        return span_of(l, where->first->key, 0, WHOLE);
    if (where->kind != YAML_SCALAR)
        return (struct source_span){ where->from, where->from + 1 };
    /* What is not there stands nowhere. */
    if (where->from == where->to && where->key)
        return span_of(l, where->key, 0, WHOLE);
    if (where->text.n == 0)
        return (struct source_span){ where->from, where->to };
    return source_span(l->doc, where, from, to);
}

struct diagnostic_place load_place(const struct loader *l,
                                   const struct yaml_node *where, size_t from,
                                   size_t to)
{
    struct source_span span = span_of(l, where, from, to);
    struct diagnostic_place at = {
        .order = l->order,
        .file = l->file->name,
        .text = l->file->text,
        .from = span.from,
        .to = span.to,
    };

    yaml_position(l->doc, span.from, &at.line, &at.column);
    return at;
}

static struct diagnostic *tell(struct loader *l, bool warning,
                               const struct diagnostic_place *at,
                               const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static struct diagnostic *tell(struct loader *l, bool warning,
                               const struct diagnostic_place *at,
                               const char *format, va_list args)
{
    char text[TEXT_MAX];

    vsnprintf(text, sizeof(text), format, args);
    return diagnostics_add(l->diags, warning, at, text);
}

struct diagnostic *load_tell(struct loader *l, bool warning,
                             const struct diagnostic_place *at,
                             const char *format, ...)
{
    struct diagnostic *item;
    va_list args;

    va_start(args, format);
    item = tell(l, warning, at, format, args);
    va_end(args);
    return item;
}

struct diagnostic *load_error_in(struct loader *l,
                                 const struct yaml_node *where, size_t from,
                                 size_t to, const char *format, ...)
{
    struct diagnostic_place at = load_place(l, where, from, to);
    struct diagnostic *item;
    va_list args;

    va_start(args, format);
    item = tell(l, false, &at, format, args);
    va_end(args);
    return item;
}

struct diagnostic *load_error(struct loader *l, const struct yaml_node *where,
                              const char *format, ...)
{
    struct diagnostic_place at = load_place(l, where, 0, WHOLE);
    struct diagnostic *item;
    va_list args;

    va_start(args, format);
    item = tell(l, false, &at, format, args);
    va_end(args);
    return item;
}

struct diagnostic *load_warning(struct loader *l, const struct yaml_node *where,
                                const char *format, ...)
{
    struct diagnostic_place at = load_place(l, where, 0, WHOLE);
    struct diagnostic *item;
    va_list args;

    va_start(args, format);
    item = tell(l, true, &at, format, args);
    va_end(args);
    return item;
}

void load_help(struct diagnostic *item, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    diagnostic_help(item, text);
}

/* What people who come from Prometheus write, or in the wrong place. */
static const struct {
    const char *key, *help;
} elsewhere[] = {
    { "interval", "leave it out: a rule is evaluated when what it reads "
                  "changes, and when its time has come" },
    { "evaluation_interval", "leave it out: a rule is evaluated when what it "
                             "reads changes, and when its time has come" },
    { "query_offset", "leave it out: lines are put in order before rules see "
                      "them" },
    { "limit", "leave it out: how large the state may grow is a bound of the "
               "configuration" },
    { "severity", "it is a label: put it below labels:" },
    { "summary", "it is an annotation: put it below annotations:" },
    { "description", "it is an annotation: put it below annotations:" },
    { "timeout", "when the answers have to be there is deadline:" },
    { "record", "what is worth a name is a count: NAME with value: and, for "
                "the latest value instead of a total, type: gauge" },
};

static void help_key(struct diagnostic *item, struct slice key,
                     struct key_list keys)
{
    const char *meant;
    struct buf list;
    size_t i;

    for (i = 0; i < COUNT(elsewhere); i++)
        if (slice_is(key, elsewhere[i].key)) {
            load_help(item, "%s", elsewhere[i].help);
            return;
        }
    meant = near_word(key, keys.name, keys.n);
    if (meant) {
        load_help(item, "did you mean \"%s\"?", meant);
        return;
    }
    buf_init(&list, TEXT_MAX - 100);
    for (i = 0; i < keys.n; i++)
        buf_printf(&list, "%s%s", i ? ", " : "", keys.name[i]);
    load_help(item, "there are: %s", buf_cstr(&list));
    buf_release(&list);
}

void load_keys(struct loader *l, const struct yaml_node *mapping,
               struct key_list keys)
{
    const struct yaml_node *child;
    size_t i;

    for (child = mapping->first; child; child = child->next) {
        for (i = 0; i < keys.n; i++)
            if (slice_is(child->key->text, keys.name[i]))
                break;
        if (i == keys.n)
            help_key(load_error(l, child->key, "unknown key \"%.*s\"",
                                SHOWN(child->key->text)),
                     child->key->text, keys);
    }
}

bool load_is(struct loader *l, const struct yaml_node *value,
             enum yaml_kind kind, const char *wanted)
{
    if (value->kind == kind && !(kind == YAML_SCALAR && yaml_is_null(value)))
        return true;
    if (value->key)
        load_error(l, value, "%.*s: %s is wanted, not %s",
                   SHOWN(value->key->text), wanted, yaml_kind_name(value));
    else
        load_error(l, value, "%s is wanted here, not %s", wanted,
                   yaml_kind_name(value));
    return false;
}

const struct yaml_node *load_need(struct loader *l,
                                  const struct yaml_node *mapping,
                                  const char *key, const char *owner)
{
    const struct yaml_node *value = yaml_get(mapping, key);

    if (!value)
        load_error(l, mapping, "%s needs %s:", owner, key);
    return value;
}

static bool has_controls(struct slice s)
{
    size_t i;

    for (i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

bool load_name(struct loader *l, const struct yaml_node *value,
               struct slice *ret)
{
    if (!value || !load_is(l, value, YAML_SCALAR, "a name"))
        return false;
    if (value->text.n == 0 || value->text.n > RULE_NAME_MAX ||
        has_controls(value->text)) {
        load_error(l, value, "a name is 1 to %d bytes on one line",
                   RULE_NAME_MAX);
        return false;
    }
    *ret = load_keep(l, value->text);
    return true;
}

bool rule_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_';
}

bool rule_is_identifier(struct slice s)
{
    size_t i;

    if (s.n == 0 || (*s.p >= '0' && *s.p <= '9'))
        return false;
    for (i = 0; i < s.n; i++)
        if (!rule_is_word(s.p[i]))
            return false;
    return true;
}

static bool is_reserved(struct slice s)
{
    static const char *const words[] = {
        "as",   "break",     "const", "continue", "else",   "false",
        "for",  "function",  "if",    "import",   "in",     "let",
        "loop", "namespace", "null",  "package",  "return", "true",
        "var",  "void",      "while",
    };
    size_t i;

    for (i = 0; i < COUNT(words); i++)
        if (slice_is(s, words[i]))
            return true;
    return false;
}

bool load_check_variable(struct loader *l, const struct yaml_node *where,
                         size_t from, struct slice name)
{
    size_t i;

    if (!rule_is_identifier(name) || is_reserved(name)) {
        load_error_in(l, where, from, from + name.n,
                      "\"%.*s\" cannot be a variable's name", SHOWN(name));
        return false;
    }
    if (slice_is(name, "state") || slice_is(name, "now")) {
        load_error_in(
            l, where, from, from + name.n,
            "\"%.*s\" is there already and cannot be another variable",
            SHOWN(name));
        return false;
    }
    for (i = 0; i < l->group.naliases; i++)
        if (slice_eq(l->group.alias[i].name, name)) {
            load_error_in(l, where, from, from + name.n,
                          "\"%.*s\" is a variable of the group already",
                          SHOWN(name));
            return false;
        }
    return true;
}

void load_span(struct loader *l, const struct yaml_node *value, nsec *ret)
{
    if (!value ||
        !load_is(l, value, YAML_SCALAR, "a span such as 30s or 1h30m"))
        return;
    if (span_parse(value->text, ret))
        load_error(l, value,
                   "%.*s: a span such as 250ms, 30s, 5m, 1h30m or 7d is "
                   "wanted, not \"%.*s\"",
                   SHOWN(value->key->text), SHOWN(value->text));
}

void load_flag(struct loader *l, const struct yaml_node *value, bool *ret)
{
    bool yes;

    if (!value || !load_is(l, value, YAML_SCALAR, "true or false"))
        return;
    yes = slice_is(value->text, "true");
    if (value->style == YAML_PLAIN && (yes || slice_is(value->text, "false")))
        *ret = yes;
    else
        load_error(l, value, "%.*s: true or false is wanted, not \"%.*s\"",
                   SHOWN(value->key->text), SHOWN(value->text));
}

void load_number(struct loader *l, const struct yaml_node *value,
                 uint32_t least, uint32_t most, uint32_t *ret)
{
    uint64_t n = 0;
    size_t i;

    if (!value || !load_is(l, value, YAML_SCALAR, "a number"))
        return;
    for (i = 0; i < value->text.n && i < 10; i++) {
        if (value->text.p[i] < '0' || value->text.p[i] > '9')
            break;
        n = n * 10 + (uint64_t)(value->text.p[i] - '0');
    }
    if (i == value->text.n && n >= least && n <= most)
        *ret = (uint32_t)n;
    else
        load_error(l, value,
                   "%.*s: a number from %u to %u is wanted, not "
                   "\"%.*s\"",
                   SHOWN(value->key->text), least, most, SHOWN(value->text));
}

void load_choice(struct loader *l, const struct yaml_node *value,
                 struct key_list names, unsigned *ret)
{
    struct buf list;
    size_t i;

    if (!value)
        return;
    buf_init(&list, TEXT_MAX);
    for (i = 0; i < names.n; i++)
        buf_printf(&list, "%s%s",
                   i == 0            ? ""
                   : i + 1 < names.n ? ", "
                                     : " or ",
                   names.name[i]);
    if (load_is(l, value, YAML_SCALAR, buf_cstr(&list))) {
        for (i = 0; i < names.n; i++)
            if (slice_is(value->text, names.name[i]))
                break;
        if (i < names.n)
            *ret = (unsigned)i;
        else
            load_error(l, value, "%.*s: %s is wanted, not \"%.*s\"",
                       SHOWN(value->key->text), buf_cstr(&list),
                       SHOWN(value->text));
    }
    buf_release(&list);
}

void *load_alloc(struct loader *l, size_t n)
{
    return arena_alloc(&l->own->arena, n);
}

struct slice load_keep(struct loader *l, struct slice text)
{
    return arena_copy(&l->own->arena, text);
}
