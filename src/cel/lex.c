#include "lex.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* The libc's own depend on a locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

/* The value of a digit; 16 if it is none of any base. */
static unsigned digit_value(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The bytes of the character at p, in valid UTF-8. */
static size_t character(const char *p)
{
    unsigned char c = (unsigned char)*p;

    return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static const char *here(const struct lexer *lx)
{
    return lx->text.p + lx->at;
}

static bool ended(const struct lexer *lx)
{
    return lx->at >= lx->text.n;
}

static bool follows(const struct lexer *lx, struct slice word)
{
    return lx->text.n - lx->at >= word.n &&
           memcmp(here(lx), word.p, word.n) == 0;
}

static bool follows_text(const struct lexer *lx, const char *word)
{
    return follows(lx, slice_str(word));
}

static struct slice since(const struct lexer *lx, size_t from)
{
    return slice_of(lx->text.p + from, lx->at - from);
}

/* What was read since from. */
static struct token token(const struct lexer *lx, enum token_kind kind,
                          size_t from)
{
    return (struct token){ .kind = kind,
                           .from = (uint32_t)from,
                           .to = (uint32_t)lx->at };
}

/* An error in what was read since from. */
#define FAULT(lx, from_, ...)                                                  \
    cel_problem((lx)->problems, false, (uint32_t)(from_), (uint32_t)(lx)->at,  \
                __VA_ARGS__)

/* Web pages and word processors put such spaces into what is copied. */
static void skip_no_break_spaces(struct lexer *lx)
{
    size_t from = lx->at;

    while (follows_text(lx, "\xc2\xa0"))
        lx->at += 2;
    if (lx->at > from)
        cel_help(FAULT(lx, from, "this is a no-break space"),
                 "write a plain space");
}

static void skip_space(struct lexer *lx)
{
    size_t from;

    do {
        from = lx->at;
        while (!ended(lx) && is_space(*here(lx)))
            lx->at++;
        if (follows_text(lx, "//")) {
            while (!ended(lx) && !is_newline(*here(lx)))
                lx->at++;
        }
        skip_no_break_spaces(lx);
    } while (lx->at > from);
}

/* -- numbers -------------------------------------------------------------- */

/* False: more than 64 bits. */
static bool digits(struct lexer *lx, unsigned base, uint64_t *ret)
{
    bool fits = true;

    *ret = 0;
    for (; digit_value(*here(lx)) < base; lx->at++)
        fits = fits && !__builtin_mul_overflow(*ret, base, ret) &&
               !__builtin_add_overflow(*ret, digit_value(*here(lx)), ret);
    return fits;
}

/* What a double has behind its first digits; false: it is none. */
static bool skip_fraction(struct lexer *lx)
{
    size_t from = lx->at;
    const char *p = here(lx);

    if (p[0] == '.' && is_digit(p[1])) {
        for (p++; is_digit(*p); p++)
            ;
    }
    if ((*p | 0x20) == 'e' && is_digit(p[1 + (p[1] == '+' || p[1] == '-')])) {
        for (p += 2; is_digit(*p); p++)
            ;
    }
    lx->at = (size_t)(p - lx->text.p);
    return lx->at > from;
}

static struct slice cut(struct slice s, size_t max)
{
    return slice_of(s.p, s.n < max ? s.n : max);
}

/* 10s, 5GB: in the grammar two words side by side, in life one mistake. */
static void refuse_tail(struct lexer *lx, size_t from)
{
    static const char *const units[] = { "ns", "us", "ms", "s", "m", "h" };
    struct slice number = since(lx, from), tail;
    size_t end = lx->at;
    struct cel_problem *p;

    while (is_name(*here(lx)))
        lx->at++;
    tail = since(lx, end);
    if (tail.n == 0)
        return;
    if (slice_is(tail, "in")) {
        lx->at = end;
        return;
    }
    p = FAULT(lx, from, "a number does not end in '%.*s'",
              SLICE_ARG(cut(tail, 20)));
    if (slice_is(number, "0") && *tail.p == 'X')
        cel_help(p, "hexadecimal digits stand behind 0x, with a small x");
    for (size_t i = 0; i < COUNT(units); i++) {
        if (slice_is(tail, units[i]))
            cel_help(p, "a time span is written duration(\"%.*s%s\")",
                     SLICE_ARG(cut(number, 30)), units[i]);
    }
}

static struct token number(struct lexer *lx)
{
    size_t from = lx->at;
    bool hex = follows_text(lx, "0x") && digit_value(here(lx)[2]) < 16;
    enum token_kind kind = TOKEN_INT;
    uint64_t magnitude;
    struct cel_value value;
    struct token t;
    bool fits;

    lx->at += hex ? 2 : 0;
    fits = digits(lx, hex ? 16 : 10, &magnitude);
    value = cel_uint(magnitude);
    if (!hex && skip_fraction(lx)) {
        kind = TOKEN_DOUBLE;
        value = cel_double(strtod(lx->text.p + from, NULL));
        fits = !isinf(value.d);
    } else if ((*here(lx) | 0x20) == 'u') {
        kind = TOKEN_UINT;
        lx->at++;
    }
    refuse_tail(lx, from);
    t = token(lx, kind, from);
    t.huge = !fits;
    t.value = value;
    return t;
}

/* -- strings -------------------------------------------------------------- */

struct literal {
    struct lexer *lx;
    const char *p, *end; /* what is left of it */
    char *out;
    bool bytes;
};

static void put(struct literal *l, uint32_t c)
{
    if (l->bytes || c < 0x80) {
        *l->out++ = (char)c;
        return;
    }
    if (c < 0x800) {
        *l->out++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *l->out++ = (char)(0xe0 | c >> 12);
        } else {
            *l->out++ = (char)(0xf0 | c >> 18);
            *l->out++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *l->out++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *l->out++ = (char)(0x80 | (c & 0x3f));
}

/* What stands from `from` up to l->p is no escape. */
static void refuse(const struct literal *l, const char *from, const char *text,
                   const char *help)
{
    const char *start = l->lx->text.p;
    /* A control character would spoil the message. */
    int shown = (unsigned char)from[1] < ' ' ? 1 : (int)(l->p - from);
    struct cel_problem *p =
        cel_problem(l->lx->problems, false, (uint32_t)(from - start),
                    (uint32_t)(l->p - start), "'%.*s' %s", shown, from, text);

    cel_help(p, "%s", help);
}

/* Exactly n digits. */
static bool read_code(struct literal *l, int n, unsigned base, uint32_t *ret)
{
    uint32_t code = 0;

    for (; n; n--, l->p++) {
        if (l->p == l->end || digit_value(*l->p) >= base)
            return false;
        code = code * base + digit_value(*l->p);
    }
    *ret = code;
    return true;
}

/* The second half of a pair, \uDC00 to \uDFFF, right behind the first. */
static void join_low_surrogate(struct literal *l, uint32_t *code)
{
    struct literal ahead = *l;
    uint32_t low;

    if (l->end - l->p < 6 || l->p[0] != '\\' || l->p[1] != 'u')
        return;
    ahead.p += 2;
    if (!read_code(&ahead, 4, 16, &low) || low < 0xdc00 || low > 0xdfff)
        return;
    l->p = ahead.p;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
}

static void put_character(struct literal *l, const char *from, uint32_t code)
{
    bool high = code >= 0xd800 && code <= 0xdbff;

    if (high && from[1] == 'u')
        join_low_surrogate(l, &code);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        refuse(l, from, "is no character", "");
    else
        put(l, code);
}

/* \x41, \u0041, \U00000041, \101: l->p is at the letter or first digit. */
static void coded_escape(struct literal *l, const char *from)
{
    bool octal = is_digit(*l->p);
    int n = octal ? 3 : *l->p == 'u' ? 4 : *l->p == 'U' ? 8 : 2;
    uint32_t code;

    l->p += !octal;
    if (l->bytes && n > 3)
        refuse(l, from, "stands for a character, not for bytes",
               "write each byte as \\x and two hexadecimal digits");
    else if (!read_code(l, n, octal ? 8 : 16, &code))
        refuse(l, from, "is no whole escape",
               octal    ? "write three octal digits, \\000 to \\377"
               : n == 2 ? "write two hexadecimal digits behind \\x"
               : n == 4 ? "write four hexadecimal digits behind \\u"
                        : "write eight hexadecimal digits behind \\U");
    else
        put_character(l, from, code);
}

static void escape(struct literal *l)
{
    static const char letters[] = "abfnrtv\\\"'`?";
    static const char coded[] = "xXuU0123";
    static const char meant[] = "\a\b\f\n\r\t\v\\\"'`?";
    const char *from = l->p++;
    const char *known = memchr(letters, *l->p, sizeof(letters) - 1);

    if (known) {
        l->p++;
        put(l, (unsigned char)meant[known - letters]);
    } else if (memchr(coded, *l->p, sizeof(coded) - 1)) {
        coded_escape(l, from);
    } else {
        l->p += character(l->p);
        refuse(l, from, "is no escape",
               "write \\\\ for a backslash, or put r before the quote to take "
               "the text as it is");
    }
}

/* In a closed literal every backslash has a character behind it. */
static struct slice decode(struct lexer *lx, struct slice raw, bool bytes)
{
    struct literal l = { lx, raw.p, raw.p + raw.n, NULL, bytes };
    char *out = arena_alloc(lx->arena, raw.n);

    if (!out) {
        lx->dead = true;
        return slice_of(NULL, 0);
    }
    for (l.out = out; l.p < l.end;) {
        if (*l.p == '\\')
            escape(&l);
        else
            *l.out++ = *l.p++;
    }
    return slice_of(out, (size_t)(l.out - out));
}

/* Over the body and its closing quotes; false: they are missing, it is told. */
static bool skip_body(struct lexer *lx, size_t from, struct slice quotes,
                      bool raw)
{
    bool line = quotes.n == 1;
    struct cel_problem *p;

    for (; !ended(lx) && !(line && is_newline(*here(lx))); lx->at++) {
        if (follows(lx, quotes)) {
            lx->at += quotes.n;
            return true;
        }
        if (*here(lx) == '\\' && !raw && !(line && is_newline(here(lx)[1])))
            lx->at++;
    }
    if (lx->at > lx->text.n)
        lx->at = lx->text.n;
    p = FAULT(lx, from, "the string that begins here is not closed");
    if (!ended(lx))
        cel_help(p, "a string of several lines stands in three quotes, "
                    "\"\"\" or '''");
    lx->dead = true;
    return false;
}

/* How many letters of a string's prefix stand here; -1: it is no string. */
static int prefix(const struct lexer *lx)
{
    const char *p = here(lx);

    p += (*p | 0x20) == 'b';
    p += (*p | 0x20) == 'r';
    return *p == '"' || *p == '\'' ? (int)(p - here(lx)) : -1;
}

static struct token string(struct lexer *lx, int nprefix)
{
    size_t from = lx->at, start;
    const char *p = here(lx);
    bool bytes = nprefix && (p[0] | 0x20) == 'b';
    bool raw = nprefix && (p[nprefix - 1] | 0x20) == 'r';
    struct slice body, quotes = slice_of(p + nprefix, 1);
    struct token t;

    if (quotes.p[1] == *quotes.p && quotes.p[2] == *quotes.p)
        quotes.n = 3;
    lx->at += (size_t)nprefix + quotes.n;
    start = lx->at;
    if (!skip_body(lx, from, quotes, raw))
        return lex_next(lx);
    body = since(lx, start);
    body.n -= quotes.n;
    if (!raw && memchr(body.p, '\\', body.n))
        body = decode(lx, body, bytes);
    t = token(lx, bytes ? TOKEN_BYTES : TOKEN_STRING, from);
    t.value = bytes ? cel_bytes(body) : cel_string(body);
    return t;
}

/* “ ” U+201C, U+201D: "; ‘ ’ U+2018, U+2019: '; else NUL. */
static char curly(const struct lexer *lx)
{
    const char *p = here(lx);

    if (!follows_text(lx, "\xe2\x80"))
        return '\0';
    return (p[2] | 1) == '\x9d' ? '"' : (p[2] | 1) == '\x99' ? '\'' : '\0';
}

/* What a word processor makes of straight quotes; nothing is decoded. */
static struct token curly_string(struct lexer *lx)
{
    char quote = curly(lx);
    size_t from = lx->at, start = from + 3, end;
    struct token t;

    lx->at = start;
    while (!ended(lx) && curly(lx) != quote && *here(lx) != quote)
        lx->at++;
    end = lx->at;
    lx->dead = ended(lx);
    lx->at += lx->dead ? 0 : character(here(lx));
    cel_help(FAULT(lx, from, "a string does not stand in curly quotes"),
             "write straight quotes: %c...%c", quote, quote);
    t = token(lx, TOKEN_STRING, from);
    t.value = cel_string(slice_of(lx->text.p + start, end - start));
    return t;
}

/* -- names ---------------------------------------------------------------- */

static enum token_kind word_kind(struct slice word)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } words[] = { { "in", TOKEN_IN },
                  { "true", TOKEN_TRUE },
                  { "false", TOKEN_FALSE },
                  { "null", TOKEN_NULL } };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (slice_is(word, words[i].text))
            return words[i].kind;
    }
    return TOKEN_IDENT;
}

bool lex_is_ident(struct slice s)
{
    size_t i = 0;

    while (i < s.n && is_name(s.p[i]))
        i++;
    return s.n && i == s.n && !is_digit(*s.p) && word_kind(s) == TOKEN_IDENT;
}

static struct token name(struct lexer *lx)
{
    size_t from = lx->at;
    struct token t;

    while (is_name(*here(lx)))
        lx->at++;
    t = token(lx, word_kind(since(lx, from)), from);
    t.name = since(lx, from);
    t.value =
        t.kind == TOKEN_NULL ? cel_null() : cel_bool(t.kind == TOKEN_TRUE);
    return t;
}

static struct token quoted_name(struct lexer *lx)
{
    static const char marks[] = "_.-/ ";
    size_t from = lx->at++;
    bool plain = true;
    struct token t;

    for (; !ended(lx) && *here(lx) != '`' && !is_newline(*here(lx)); lx->at++)
        plain = plain && (is_name(*here(lx)) ||
                          memchr(marks, *here(lx), sizeof(marks) - 1));
    if (!follows_text(lx, "`")) {
        FAULT(lx, from, "the name that begins here is not closed");
        lx->dead = true;
        return lex_next(lx);
    }
    lx->at++;
    t = token(lx, TOKEN_QUOTED, from);
    t.name = slice_of(lx->text.p + from + 1, lx->at - from - 2);
    if (t.name.n == 0 || !plain)
        cel_help(FAULT(lx, from,
                       "a name in backquotes has letters, digits, "
                       "spaces and _ . - / only, at least one"),
                 "write [\"...\"] for any other key");
    return t;
}

/* -- signs ---------------------------------------------------------------- */

/* Longer ones first.  Those with a help are told and taken for what they
 * mean. */
static const struct {
    const char *text;
    enum token_kind kind;
    const char *help;
} signs[] = {
    { "===", TOKEN_EQ, "write == to compare" },
    { "!==", TOKEN_NE, "write != to compare" },
    { "==", TOKEN_EQ, NULL },
    { "!=", TOKEN_NE, NULL },
    { "<=", TOKEN_LE, NULL },
    { ">=", TOKEN_GE, NULL },
    { "&&", TOKEN_AND, NULL },
    { "||", TOKEN_OR, NULL },
    { "<>", TOKEN_NE, "write != to compare" },
    { "=<", TOKEN_LE, "write <= to compare" },
    { "=>", TOKEN_GE, "write >= to compare" },
    { "=~", TOKEN_EQ, "write text.matches(\"pattern\") to search" },
    { "\xe2\x89\xa0", TOKEN_NE, "write != to compare" },
    { "\xe2\x89\xa4", TOKEN_LE, "write <= to compare" },
    { "\xe2\x89\xa5", TOKEN_GE, "write >= to compare" },
    { "\xe2\x80\x93", TOKEN_MINUS, "write a plain -" },
    { "\xe2\x88\x92", TOKEN_MINUS, "write a plain -" },
    { "=", TOKEN_EQ, "write == to compare" },
    { "&", TOKEN_AND, "write && where both must hold" },
    { "|", TOKEN_OR, "write || where either must hold" },
    { "(", TOKEN_LPAREN, NULL },
    { ")", TOKEN_RPAREN, NULL },
    { "[", TOKEN_LBRACKET, NULL },
    { "]", TOKEN_RBRACKET, NULL },
    { "{", TOKEN_LBRACE, NULL },
    { "}", TOKEN_RBRACE, NULL },
    { ".", TOKEN_DOT, NULL },
    { ",", TOKEN_COMMA, NULL },
    { ":", TOKEN_COLON, NULL },
    { "?", TOKEN_QUESTION, NULL },
    { "!", TOKEN_NOT, NULL },
    { "<", TOKEN_LT, NULL },
    { ">", TOKEN_GT, NULL },
    { "+", TOKEN_PLUS, NULL },
    { "-", TOKEN_MINUS, NULL },
    { "*", TOKEN_STAR, NULL },
    { "/", TOKEN_SLASH, NULL },
    { "%", TOKEN_PERCENT, NULL },
};

static bool sign(struct lexer *lx, struct token *ret)
{
    size_t from = lx->at;

    for (size_t i = 0; i < COUNT(signs); i++) {
        if (!follows_text(lx, signs[i].text))
            continue;
        lx->at += strlen(signs[i].text);
        if (signs[i].help)
            cel_help(FAULT(lx, from, "'%s' is no operator", signs[i].text),
                     "%s", signs[i].help);
        *ret = token(lx, signs[i].kind, from);
        return true;
    }
    return false;
}

/* A character of no word, however often in a row. */
static struct token stranger(struct lexer *lx)
{
    struct slice c = slice_of(here(lx), character(here(lx)));
    size_t from = lx->at;
    struct cel_problem *p;

    while (follows(lx, c))
        lx->at += c.n;
    if ((unsigned char)*c.p < ' ' || *c.p == 0x7f)
        p = FAULT(lx, from, "the byte 0x%02x does not belong in an expression",
                  (unsigned)*c.p);
    else
        p = FAULT(lx, from, "'%.*s' does not belong in an expression",
                  SLICE_ARG(c));
    if (*c.p == '#')
        cel_help(p, "a comment begins with //");
    else if (c.n > 1)
        cel_help(p, "names have letters a to z, digits and _; write [\"...\"] "
                    "for any other key");
    return token(lx, TOKEN_BAD, from);
}

struct token lex_next(struct lexer *lx)
{
    struct token t;

    if (!lx->dead)
        skip_space(lx);
    if (lx->dead || ended(lx))
        return (struct token){ .kind = TOKEN_END,
                               .from = (uint32_t)lx->text.n,
                               .to = (uint32_t)lx->text.n + 1 };
    if (is_digit(*here(lx)) || (*here(lx) == '.' && is_digit(here(lx)[1])))
        return number(lx);
    if (prefix(lx) >= 0)
        return string(lx, prefix(lx));
    if (is_name(*here(lx)))
        return name(lx);
    if (*here(lx) == '`')
        return quoted_name(lx);
    if (curly(lx))
        return curly_string(lx);
    return sign(lx, &t) ? t : stranger(lx);
}
