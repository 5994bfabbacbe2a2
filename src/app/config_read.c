#include "app/config_read.h"

#include "base/alloc.h"

#include "base/buf.h"
#include "data/near.h"

#include <stdarg.h>
#include <stdio.h>

#define PROBLEMS_MAX 20
#define KEYS_MAX     16

static void blank_controls(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

void config_tell(struct reader *r, struct err *found)
{
    blank_controls(found->text);
    if (r->problems == 0 && r->err)
        *r->err = *found;
    if (r->problems++ < PROBLEMS_MAX && r->told && r->told->problem)
        r->told->problem(r->told->self, r->path, found);
}

void config_problem(struct reader *r, const struct yaml_node *where,
                    const char *format, ...)
{
    struct err e = { .line = where->line, .column = where->column };
    va_list args;

    va_start(args, format);
    vsnprintf(e.text, sizeof(e.text), format, args);
    va_end(args);
    config_tell(r, &e);
}

void config_warn(struct reader *r, const struct yaml_node *where,
                 const char *format, ...)
{
    struct err e = { .line = where->line, .column = where->column };
    va_list args;

    va_start(args, format);
    vsnprintf(e.text, sizeof(e.text), format, args);
    va_end(args);
    blank_controls(e.text);
    if (r->told && r->told->warning)
        r->told->warning(r->told->self, r->path, &e);
}

void config_problem_of(struct reader *r, const struct yaml_node *value,
                       const struct err *err)
{
    config_problem(r, value, "%.*s: %s", SHOWN(value->key->text), err->text);
}

static void unknown_key(struct reader *r, const struct yaml_node *key,
                        struct keys keys)
{
    const char *names[KEYS_MAX], *meant;
    struct buf list;
    size_t i;

    buf_init(&list, 300);
    for (i = 0; i < keys.n; i++) {
        names[i] = keys.key[i].name;
        buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
    }
    meant = near_word(key->text, names, keys.n);
    if (meant)
        config_problem(r, key, "unknown key \"%.*s\"; did you mean \"%s\"?",
                       SHOWN(key->text), meant);
    else
        config_problem(r, key, "unknown key \"%.*s\"; there are: %s",
                       SHOWN(key->text), buf_cstr(&list));
    buf_release(&list);
}

bool config_is_kind(struct reader *r, const struct yaml_node *value,
                    enum yaml_kind kind, const char *wanted)
{
    if (value->kind == kind && !(kind == YAML_SCALAR && yaml_is_null(value)))
        return true;
    if (value->key) /* what is not there stands nowhere */
        config_problem(r, yaml_is_null(value) ? value->key : value,
                       "%.*s: %s is wanted, not %s", SHOWN(value->key->text),
                       wanted, yaml_kind_name(value));
    else
        config_problem(r, value, "%s is wanted here, not %s", wanted,
                       yaml_kind_name(value));
    return false;
}

void config_read_mapping(struct reader *r, const struct yaml_node *mapping,
                         struct keys keys, void *into)
{
    const struct yaml_node *child;
    size_t i;

    if (!config_is_kind(r, mapping, YAML_MAPPING, "a mapping"))
        return;
    for (child = mapping->first; child; child = child->next) {
        for (i = 0; i < keys.n; i++)
            if (slice_is(child->key->text, keys.key[i].name))
                break;
        if (i == keys.n)
            unknown_key(r, child->key, keys);
        else
            keys.key[i].read(r, child, into);
    }
}

void config_read_bool(struct reader *r, const struct yaml_node *value,
                      bool *ret)
{
    struct slice t = value->text;
    bool yes, no;

    if (!config_is_kind(r, value, YAML_SCALAR, "true or false"))
        return;
    yes = slice_is(t, "true") || slice_is(t, "True") || slice_is(t, "TRUE");
    no = slice_is(t, "false") || slice_is(t, "False") || slice_is(t, "FALSE");
    if (value->style == YAML_PLAIN && (yes || no))
        *ret = yes;
    else
        config_problem(r, value, "%.*s: true or false is wanted, not \"%.*s\"",
                       SHOWN(value->key->text), SHOWN(t));
}

void config_read_name(struct reader *r, const struct yaml_node *value,
                      size_t max, char **ret)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t i;

    if (!config_is_kind(r, value, YAML_SCALAR, "a name"))
        return;
    for (i = 0; i < value->text.n; i++)
        if (!value->text.p[i] || !strchr(good, value->text.p[i]))
            break;
    if (i == 0 || i < value->text.n || i > max)
        config_problem(
            r, value,
            "name: letters, digits, \".\", \"_\" and \"-\" are wanted, "
            "at most %zu",
            max);
    else
        *ret = xmemdup0(value->text.p, value->text.n);
}
