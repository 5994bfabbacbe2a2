#include "cel/op.h"

#include "base/alloc.h"

/* Bytes that a code point of hex digits takes as UTF-8. */
static size_t encoded(const char *digits, size_t n, int base)
{
    uint32_t point = 0;
    size_t i;

    for (i = 0; i < n; i++)
        point = point * (uint32_t)base +
                (uint32_t)(digits[i] <= '9' ? digits[i] - '0'
                                            : (digits[i] | 32) - 'a' + 10);
    return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/* The length of the escape at s, and of what it stands for. */
static size_t escape(struct slice s, size_t *ret_decoded)
{
    size_t n = s.n < 2                          ? s.n
               : s.p[1] == 'x' || s.p[1] == 'X' ? 4
               : s.p[1] == 'u'                  ? 6
               : s.p[1] == 'U'                  ? 10
               : s.p[1] >= '0' && s.p[1] <= '3' ? 4
                                                : 2;

    *ret_decoded = 1;
    if (n > s.n)
        n = s.n;
    if (n > 4 || (n == 4 && (s.p[1] | 32) == 'x'))
        *ret_decoded = encoded(s.p + 2, n - 2, 16);
    else if (n == 4)
        *ret_decoded = encoded(s.p + 1, 3, 8);
    return n;
}

/* Where in a string literal its decoded byte number at is written. */
static size_t written_at(struct slice literal, size_t at)
{
    bool raw = false;
    size_t i = 0, quotes = 1, n, decoded = 0;

    for (; i < literal.n && literal.p[i] != '"' && literal.p[i] != '\''; i++)
        raw |= (literal.p[i] | 32) == 'r';
    if (literal.n >= i + 6 && literal.p[i + 1] == literal.p[i] &&
        literal.p[i + 2] == literal.p[i])
        quotes = 3;
    for (i += quotes; i < literal.n && at > 0; i += n, at -= decoded) {
        n = decoded = 1;
        if (literal.p[i] == '\\' && !raw)
            n = escape(slice_of(literal.p + i, literal.n - i), &decoded);
        if (decoded > at)
            break;
    }
    return i < literal.n ? i : literal.n;
}

const struct regex *pattern_compile(struct cel_program *p,
                                    const struct ast *literal,
                                    struct cel_problems *problems)
{
    struct slice text =
        slice_of(p->text.p + literal->from, literal->to - literal->from);
    struct pattern *pattern;
    struct regex *regex;
    struct err err;
    uint32_t from = literal->from, to = literal->to;

    if (!regex_new(cel_text(literal->value), &regex, &err)) {
        pattern = xmalloc(sizeof(*pattern));
        *pattern = (struct pattern){ p->pattern, regex };
        p->pattern = pattern;
        return regex;
    }
    if (err.column) {
        from += (uint32_t)written_at(text, err.column - 1);
        if (to > from + 1)
            to--; /* the quote */
    }
    cel_problem(problems, false, from, to, "bad pattern: %s", err.text);
    return NULL;
}
