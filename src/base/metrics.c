#include "metrics.h"

void metrics_family(struct metrics *m, const char *name, const char *type,
                    const char *help)
{
    m->family = name;
    buf_printf(m->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label_value(struct buf *out, struct slice v)
{
    size_t i;

    for (i = 0; i < v.n; i++) {
        if (v.p[i] == '\n')
            buf_str(out, "\\n");
        else if (v.p[i] == '"' || v.p[i] == '\\')
            buf_printf(out, "\\%c", v.p[i]);
        else
            buf_char(out, v.p[i]);
    }
}

static void head(struct metrics *m, const struct slice *pairs, size_t n)
{
    size_t i;

    buf_str(m->out, m->family);
    for (i = 0; i < n; i++) {
        buf_char(m->out, i ? ',' : '{');
        buf_slice(m->out, pairs[2 * i]);
        buf_str(m->out, "=\"");
        label_value(m->out, pairs[2 * i + 1]);
        buf_char(m->out, '"');
    }
    buf_str(m->out, n ? "} " : " ");
}

void metrics_label_u64(struct metrics *m, const struct slice *pairs, size_t n,
                       uint64_t value)
{
    head(m, pairs, n);
    buf_u64(m->out, value);
    buf_char(m->out, '\n');
}

void metrics_label_double(struct metrics *m, const struct slice *pairs,
                          size_t n, double value)
{
    head(m, pairs, n);
    /* Digits enough for a time since 1970 to well below a millisecond. */
    buf_printf(m->out, "%.15g\n", value);
}

void metrics_label_text(struct metrics *m, const struct slice *pairs, size_t n,
                        struct slice value)
{
    head(m, pairs, n);
    buf_slice(m->out, value);
    buf_char(m->out, '\n');
}

void metrics_u64(struct metrics *m, uint64_t value)
{
    metrics_label_u64(m, NULL, 0, value);
}

void metrics_double(struct metrics *m, double value)
{
    metrics_label_double(m, NULL, 0, value);
}
