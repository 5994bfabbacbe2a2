#include "cel/parse.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "support/suite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct arena arena;
static struct cel_problems problems;
static struct cel_parse_options options;
static struct buf out;
static struct ast *ast;

static void setup(void)
{
    arena_init(&arena, (size_t)64 << 20);
    buf_init(&out, BUF_NO_CAP);
    options = (struct cel_parse_options){ 0 };
}

static void teardown(void)
{
    arena_release(&arena);
    buf_release(&out);
}

/* Of a copy that ends where the text does, and is gone afterwards. */
static enum status parse_slice(struct slice text)
{
    char *copy = xmalloc(text.n ? text.n : 1);
    enum status st;

    memcpy(copy, text.p, text.n);
    problems = (struct cel_problems){ 0 };
    st = cel_parse(&arena, slice_of(copy, text.n), options, &problems, &ast);
    free(copy);
    return st;
}

static enum status parse(const char *text)
{
    return parse_slice(slice_str(text));
}

static const char *written(void)
{
    buf_reset(&out);
    cel_unparse(ast, &out);
    return buf_cstr(&out);
}

/* -- what is right -------------------------------------------------------- */

static const struct {
    const char *text, *written;
} good[] = {
    /* numbers */
    { "0", "0" },
    { "007", "7" },
    { "0x1F", "31" },
    { "42u", "42u" },
    { "0xffU", "255u" },
    { "18446744073709551615u", "18446744073709551615u" },
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "- 5", "-5" },
    { "-0x10", "-16" },
    { "1.5", "1.5" },
    { ".5", "0.5" },
    { "1e3", "1000.0" },
    { "1E+300", "1e+300" },
    { "2.5e-3", "0.0025" },
    { "-0.0", "-0.0" },
    { "0.1", "0.1" },
    { "1.7976931348623157e308", "1.7976931348623157e+308" },
    { "1e-999", "0.0" },
    /* words */
    { "true", "true" },
    { "false", "false" },
    { "null", "null" },
    /* strings */
    { "''", "\"\"" },
    { "'a\"b'", "\"a\\\"b\"" },
    { "\"it's\"", "\"it's\"" },
    { "'''x''x'''", "\"x''x\"" },
    { "\"\"\"a\nb\"\"\"", "\"a\\nb\"" },
    { "''''''", "\"\"" },
    { "'''\r\n'''", "\"\\x0d\\n\"" },
    { "r'\\d'", "\"\\\\d\"" },
    { "R\"\\\"", "\"\\\\\"" },
    { "r'''\\'''", "\"\\\\\"" },
    { "'\\a\\b\\f\\n\\r\\t\\v'", "\"\\x07\\x08\\x0c\\n\\x0d\\x09\\x0b\"" },
    { "'\\\\\\?\\\"\\'\\`'", "\"\\\\?\\\"'`\"" },
    { "'\\x41\\X42\\103'", "\"ABC\"" },
    { "'\\xff\\377'", "\"\xc3\xbf\xc3\xbf\"" },
    { "'\\u00e9\\u20AC\\U0001F600'",
      "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
    { "'\\ud83d\\ude00'", "\"\xf0\x9f\x98\x80\"" },
    { "'\\000'", "\"\\x00\"" },
    { "'\xc3\xa9'", "\"\xc3\xa9\"" },
    { "b'abc'", "b\"abc\"" },
    { "B'\xc3\xbf'", "b\"\\xc3\\xbf\"" },
    { "b'\\xff\\377\\n'", "b\"\\xff\\xff\\n\"" },
    { "br'\\xff'", "b\"\\\\xff\"" },
    { "BR\"\"\"\\\"\"\"", "b\"\\\\\"" },
    /* names */
    { "_a1", "_a1" },
    { ".a.b", ".a.b" },
    { "r", "r" },
    { "b.br", "b.br" },
    { "inner", "inner" },
    { "a.as.while", "a.as.while" },
    { "a.`x-y`.`plain`", "a.`x-y`.plain" },
    { "a.`in`.`b.c/d e`", "a.`in`.`b.c/d e`" },
    { "a.if()", "a.if()" },
    { ".f(x)", ".f(x)" },
    /* operators */
    { "a+b*c", "a + (b * c)" },
    { "a*b+c", "(a * b) + c" },
    { "a-b-c", "(a - b) - c" },
    { "a/b%c*d", "((a / b) % c) * d" },
    { "a<b==c", "(a < b) == c" },
    { "a+1 in b", "(a + 1) in b" },
    { "a==b&&c!=d||e<=f&&g>=h",
      "((a == b) && (c != d)) || ((e <= f) && (g >= h))" },
    { "a||b&&c", "a || (b && c)" },
    { "a?b:c?d:e", "a ? b : c ? d : e" },
    { "(a?b:c)?d:e", "(a ? b : c) ? d : e" },
    { "a?(b?c:d):e", "a ? (b ? c : d) : e" },
    { "a||b?c||d:e||f", "(a || b) ? (c || d) : e || f" },
    { "!a.b", "!(a.b)" },
    { "!!a", "!(!(a))" },
    { "---x", "-(-(-(x)))" },
    { "-(1)", "-(1)" },
    { "--1", "-(-1)" },
    { "-1u", "-(1u)" },
    { "a -1", "a - 1" },
    { "a--1", "a - -1" },
    { "-a*b", "-(a) * b" },
    { "(-a).b", "(-(a)).b" },
    { "-a.b", "-(a.b)" },
    { "-1.f()", "(-1).f()" },
    { "a&&b&&c&&d", "(a && b) && (c && d)" },
    { "a&&(b&&c)", "a && (b && c)" },
    { "((a))", "a" },
    { "1in[1]", "1 in [1]" },
    /* members */
    { "a.b[c].d(e, f)[0]", "a.b[c].d(e, f)[0]" },
    { "a.?b", "a.?b" },
    { "a.?`x y`[?k]", "a.?`x y`[?k]" },
    { "[1, 2][0]", "[1, 2][0]" },
    { "(a + b).c", "(a + b).c" },
    { "'s'.size()", "(\"s\").size()" },
    { "{}.a", "{}.a" },
    /* collections */
    { "[]", "[]" },
    { "[,]", "[]" },
    { "[1,]", "[1]" },
    { "[?a, b, ?c.d]", "[?a, b, ?c.d]" },
    { "[?a.?b]", "[?a.?b]" },
    { "{,}", "{}" },
    { "{1: 2, 'a': b ? c : d,}", "{1: 2, \"a\": b ? c : d}" },
    { "{?'k': v}", "{?\"k\": v}" },
    { "{a ? b : c : d}", "{a ? b : c: d}" },
    /* macros */
    { "has(a.b)", "has(a.b)" },
    { "has((a.?b.`c d`))", "has(a.?b.`c d`)" },
    { "has(a.b).c", "has(a.b).c" },
    { "l.all(x, x)", "l.all(x, x)" },
    { "l.all(i, v, v)", "l.all(i, v, v)" },
    { "l.exists(x, x)", "l.exists(x, x)" },
    { "l.existsOne(x, x)", "l.exists_one(x, x)" },
    { "l.exists_one(i, v, v)", "l.exists_one(i, v, v)" },
    { "l.filter(x, x)", "l.filter(x, x)" },
    { "l.map(x, x)", "l.map(x, x)" },
    { "l.map(x, f, x)", "l.map(x, f, x)" },
    { "l.transformList(i, v, x)", "l.transformList(i, v, x)" },
    { "l.transformList(i, v, f, x)", "l.transformList(i, v, f, x)" },
    { "l.transformMap(k, v, x)", "l.transformMap(k, v, x)" },
    { "l.transformMap(k, v, f, x)", "l.transformMap(k, v, f, x)" },
    { "l.transformMapEntry(k, v, x)", "l.transformMapEntry(k, v, x)" },
    { "l.transformMapEntry(k, v, f, x)", "l.transformMapEntry(k, v, f, x)" },
    { "l.sortBy(x, -x)", "l.sortBy(x, -(x))" },
    { "cel.bind(v, a, v + v)", "cel.bind(v, a, v + v)" },
    { "o.optMap(v, v)", "o.optMap(v, v)" },
    { "o.optFlatMap(v, v)", "o.optFlatMap(v, v)" },
    /* space and comments */
    { " \t\r\n\fa // no\n + // yes\r b//", "a + b" },
};

START_TEST(an_expression_is_understood)
{
    ck_assert_msg(parse(good[_i].text) == ST_OK, "%s", good[_i].text);
    ck_assert_uint_eq(problems.n, 0);
    ck_assert_str_eq(written(), good[_i].written);
}
END_TEST

static bool same_value(const struct cel_value *a, const struct cel_value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == CEL_STRING || a->kind == CEL_BYTES)
        return slice_eq(cel_text(*a), cel_text(*b));
    return a->u == b->u;
}

static bool same(const struct ast *a, const struct ast *b)
{
    const struct ast *x = a ? a->list : NULL, *y = b ? b->list : NULL;

    if (!a || !b)
        return a == b;
    for (; x && y; x = x->next, y = y->next) {
        if (!same(x, y))
            return false;
    }
    return !x && !y && a->nlist == b->nlist && a->kind == b->kind &&
           a->loop == b->loop && a->optional == b->optional &&
           a->spread == b->spread && a->test == b->test &&
           a->rooted == b->rooted && a->receiver == b->receiver &&
           slice_eq(a->name, b->name) && slice_eq(a->name2, b->name2) &&
           same_value(&a->value, &b->value) && same(a->a, b->a) &&
           same(a->b, b->b) && same(a->c, b->c);
}

START_TEST(what_a_tree_is_written_as_gives_that_tree)
{
    const struct ast *first;

    ck_assert_int_eq(parse(good[_i].text), ST_OK);
    first = ast;
    ck_assert_int_eq(parse(written()), ST_OK);
    ck_assert(same(first, ast));
}
END_TEST

START_TEST(a_comprehension_has_its_parts_in_place)
{
    ck_assert_int_eq(parse("l.transformMap(k, v, f, x)"), ST_OK);
    ck_assert_int_eq(ast->kind, AST_LOOP);
    ck_assert_int_eq(ast->loop, LOOP_TRANSFORM_MAP);
    assert_slice(ast->a->name, "l");
    assert_slice(ast->name, "k");
    assert_slice(ast->name2, "v");
    assert_slice(ast->b->name, "f");
    assert_slice(ast->c->name, "x");
    ck_assert_uint_eq(ast->nlist, 0);
    ck_assert(!ast->receiver);
    ck_assert_int_eq(parse("l.all(e, p)"), ST_OK);
    ck_assert_ptr_null(ast->b);
    assert_slice(ast->c->name, "p");
    ck_assert_uint_eq(ast->name2.n, 0);
}
END_TEST

START_TEST(a_binding_has_its_parts_in_place)
{
    ck_assert_int_eq(parse("cel.bind(v, i, e)"), ST_OK);
    ck_assert_int_eq(ast->kind, AST_BIND);
    ck_assert_int_eq(ast->loop, BIND_PLAIN);
    assert_slice(ast->name, "v");
    assert_slice(ast->a->name, "i");
    assert_slice(ast->b->name, "e");
    ck_assert_int_eq(parse("o.optFlatMap(v, e)"), ST_OK);
    ck_assert_int_eq(ast->loop, BIND_OPT_FLAT_MAP);
    assert_slice(ast->a->name, "o");
    assert_slice(ast->b->name, "e");
}
END_TEST

static const char *const calls[] = {
    "has()",
    "has(a.b, c)",
    "a.has(b.c)",
    ".has(a.b)",
    "all(x, x)",
    "l.all(x)",
    "l.all(a,b,c,d)",
    "l.map(x)",
    "l.filter(i, v, p)",
    "bind(x, 1, x)",
    ".cel.bind(x, 1, x)",
    "a.bind(x, 1, x)",
    "cel.bind(x, 1)",
    "l.transformList(v,x)",
    "o.optMap(x)",
};

START_TEST(other_arguments_make_it_an_ordinary_call)
{
    ck_assert_int_eq(parse(calls[_i]), ST_OK);
    ck_assert_int_eq(ast->kind, AST_CALL);
}
END_TEST

START_TEST(macros_can_be_switched_off)
{
    options.no_macros = true;
    ck_assert_int_eq(parse("l.all(1, x)"), ST_OK);
    ck_assert_int_eq(ast->kind, AST_CALL);
    ck_assert_int_eq(parse("has(a)"), ST_OK);
    ck_assert_int_eq(ast->kind, AST_CALL);
}
END_TEST

/* -- where it stands ------------------------------------------------------ */

static const struct {
    const char *text;
    const char *span; /* what the node covers */
    const char *at;   /* the text from its `at` on */
} spans[] = {
    { " (a + b) * c ", "(a + b) * c", "* c " },
    { "(a + b)", "a + b", "+ b)" },
    { "a.b.cd", "a.b.cd", "cd" },
    { "a.?`c d` ", "a.?`c d`", "`c d` " },
    { "(a).f(x) ", "(a).f(x)", "f(x) " },
    { "f( x ) ", "f( x )", "f( x ) " },
    { " .f(x)", ".f(x)", "f(x)" },
    { "(a)[0] ", "(a)[0]", "[0] " },
    { "!-a.b ", "!-a.b", "!-a.b " },
    { "- 5 ", "- 5", "- 5 " },
    { "(a) ? b : (c) ", "(a) ? b : (c)", "? b : (c) " },
    { "a && (b) && (c) ", "a && (b) && (c)", "&& (b) && (c) " },
    { "a in [b] ", "a in [b]", "in [b] " },
    { " [a] ", "[a]", "[a] " },
    { " {a: b} ", "{a: b}", "{a: b} " },
    { "l.all(x, x) ", "l.all(x, x)", "all(x, x) " },
    { "has(a.b) ", "has(a.b)", "b) " },
    { "'s' ", "'s'", "'s' " },
};

START_TEST(a_node_knows_where_it_was_written)
{
    const char *text = spans[_i].text;

    ck_assert_int_eq(parse(text), ST_OK);
    assert_slice(slice_of(text + ast->from, ast->to - ast->from),
                 spans[_i].span);
    ck_assert_str_eq(text + ast->at, spans[_i].at);
}
END_TEST

/* -- what is wrong -------------------------------------------------------- */

/* "from-to text (help)", one after the other. */
static const char *told(void)
{
    buf_reset(&out);
    for (size_t i = 0; i < problems.n; i++) {
        const struct cel_problem *p = &problems.item[i];

        buf_printf(&out, "%s%u-%u %s", i ? "; " : "", p->from, p->to, p->text);
        if (p->help[0])
            buf_printf(&out, " (%s)", p->help);
    }
    return buf_cstr(&out);
}

static const struct {
    const char *text, *told;
} bad[] = {
    /* it ends too early */
    { "", "0-1 the expression is empty" },
    { " // c", "5-6 the expression is empty" },
    { "a +", "3-4 expected a value but found the end" },
    { "a.", "2-3 expected a field's name but found the end" },
    { "a ? b", "5-6 expected an operator or ':' but found the end" },
    { "!", "1-2 expected a value but found the end" },
    /* brackets */
    { "(", "0-1 this '(' is not closed" },
    { "a && f(b || c", "6-7 this '(' is not closed" },
    { "[1, 2", "0-1 this '[' is not closed" },
    { "{1: 2", "0-1 this '{' is not closed" },
    { "a[1", "1-2 this '[' is not closed" },
    { "[f(a, b]", "2-3 this '(' is not closed" },
    { "(a]", "2-3 expected ')' but found ']'" },
    { "a) && b", "1-2 this ')' closes nothing" },
    { "[,1]", "2-3 expected ']' but found '1'" },
    { "f(a,)", "4-5 expected a value but found ')'" },
    { "f(,)", "2-3 expected a value but found ','; "
              "3-4 expected a value but found ')'" },
    { "()", "1-2 expected a value but found ')'" },
    { "(a, b)", "2-3 expected an operator or ')' but found ','" },
    { "a[1, 2]", "3-4 expected an operator or ']' but found ','" },
    { "f(a b)", "4-5 expected an operator, ',' or ')' but found 'b'" },
    { "{a, b: 1}", "2-3 expected ':' and the key's value but found ','" },
    { "{a: 1 b: 2}", "6-7 expected an operator, ',' or '}' but found 'b'" },
    /* operators of other languages */
    { "a = 1", "2-3 '=' is no operator (write == to compare)" },
    { "a === 1", "2-5 '===' is no operator (write == to compare)" },
    { "a <> 1", "2-4 '<>' is no operator (write != to compare)" },
    { "a =~ 'x'", "2-4 '=~' is no operator "
                  "(write text.matches(\"pattern\") to search)" },
    { "a \xe2\x89\xa4 1",
      "2-5 '\xe2\x89\xa4' is no operator (write <= to compare)" },
    { "a \xe2\x88\x92 1", "2-5 '\xe2\x88\x92' is no operator "
                          "(write a plain -)" },
    { "a & b", "2-3 '&' is no operator (write && where both must hold)" },
    { "a | b", "2-3 '|' is no operator (write || where either must hold)" },
    { "a and b", "2-5 'and' is no operator (write && where both must hold)" },
    { "a OR b", "2-4 'OR' is no operator (write || where either must hold)" },
    { "not a", "0-3 'not' is no operator (write ! in front of what must not "
               "hold: !(a in b))" },
    { "a not in b", "2-5 'not' is no operator (write ! in front of what must "
                    "not hold: !(a in b))" },
    { "a is b", "2-4 expected an operator or the end but found 'is' "
                "(write == to compare)" },
    { "a contains 'b'", "2-10 expected an operator or the end but found "
                        "'contains' (write a.contains(b))" },
    { "a ++ b", "3-4 expected a value but found '+'" },
    { "a ? b ? c : d : e",
      "6-7 expected ':' but found '?' "
      "(put the inner condition in brackets: a ? (b ? c : d) : e)" },
    /* words */
    { "if a then b",
      "0-2 'if' is a reserved word (write condition ? value : other)" },
    { "package > 1", "0-7 'package' is a reserved word "
                     "(write state.package for a key of that name)" },
    { "a.in", "2-4 'in' is a reserved word "
              "(write [\"in\"] for a key of that name)" },
    { "a.0", "1-3 expected an operator or the end but found '.0' "
             "(write ['0'] for a key, [0] for an item of a list)" },
    { "a b", "2-3 expected an operator or the end but found 'b'" },
    { "'a' 'b'", "4-7 expected an operator or the end but found a string "
                 "(write + to join strings)" },
    { "a.(b)", "2-3 expected a field's name but found '('" },
    { "`a`", "0-3 a name in backquotes stands behind a dot only "
             "(write state.`...` for a key of the state)" },
    { "a.`b", "2-4 the name that begins here is not closed" },
    { "a.`b:c`", "2-7 a name in backquotes has letters, digits, spaces and "
                 "_ . - / only, at least one "
                 "(write [\"...\"] for any other key)" },
    { "a.``", "2-4 a name in backquotes has letters, digits, spaces and "
              "_ . - / only, at least one "
              "(write [\"...\"] for any other key)" },
    { "a.?b()", "4-5 expected an operator or the end but found '('" },
    { "rb'x'", "2-5 expected an operator or the end but found a string" },
    { "T{a: [1], b: 2}", "0-2 messages, type{...}, are not part of this "
                         "language (a map is written {\"key\": value})" },
    /* characters */
    { "a # b", "2-3 '#' does not belong in an expression "
               "(a comment begins with //)" },
    { "a ;; b", "2-4 ';' does not belong in an expression" },
    { "a\x01", "1-2 the byte 0x01 does not belong in an expression" },
    { "\xc3\xa9 == 1",
      "0-2 '\xc3\xa9' does not belong in an expression (names have letters a "
      "to z, digits and _; write [\"...\"] for any other key)" },
    { "a\xc2\xa0", "1-3 this is a no-break space (write a plain space)" },
    { "a + \xff", "4-5 the byte 0xff is not UTF-8" },
    /* numbers */
    { "10s", "0-3 a number does not end in 's' "
             "(a time span is written duration(\"10s\"))" },
    { "5GB", "0-3 a number does not end in 'GB'" },
    { "0X1f", "0-4 a number does not end in 'X1f' "
              "(hexadecimal digits stand behind 0x, with a small x)" },
    { "1.5u", "0-4 a number does not end in 'u'" },
    { "9223372036854775808",
      "0-19 the number is out of the range of int "
      "(write a u behind it: uint goes up to 18446744073709551615)" },
    { "-9223372036854775809", "0-20 the number is out of the range of int" },
    { "18446744073709551616", "0-20 the number is out of the range of int" },
    { "0x1ffffffffffffffffu", "0-20 the number is out of the range of uint" },
    { "-1e999", "0-6 the number is out of the range of double" },
    /* strings */
    { "a == 'x", "5-7 the string that begins here is not closed" },
    { "'x\n'", "0-2 the string that begins here is not closed (a string of "
               "several lines stands in three quotes, \"\"\" or ''')" },
    { "'x\\\n'", "0-3 the string that begins here is not closed (a string of "
                 "several lines stands in three quotes, \"\"\" or ''')" },
    { "'x\\", "0-3 the string that begins here is not closed" },
    { "\"\"\"x\"\"", "0-6 the string that begins here is not closed" },
    { "'\\d'", "1-3 '\\d' is no escape (write \\\\ for a backslash, or put r "
               "before the quote to take the text as it is)" },
    { "'\\400'", "1-3 '\\4' is no escape (write \\\\ for a backslash, or put "
                 "r before the quote to take the text as it is)" },
    { "'''\\\n'''", "3-5 '\\' is no escape (write \\\\ for a backslash, or "
                    "put r before the quote to take the text as it is)" },
    { "'\\x4'", "1-4 '\\x4' is no whole escape "
                "(write two hexadecimal digits behind \\x)" },
    { "'\\u12g4'", "1-5 '\\u12' is no whole escape "
                   "(write four hexadecimal digits behind \\u)" },
    { "'\\U1'", "1-4 '\\U1' is no whole escape "
                "(write eight hexadecimal digits behind \\U)" },
    { "'\\19'", "1-3 '\\1' is no whole escape "
                "(write three octal digits, \\000 to \\377)" },
    { "'\\ud800'", "1-7 '\\ud800' is no character" },
    { "'\\udc00\\ud800'", "1-7 '\\udc00' is no character; "
                          "7-13 '\\ud800' is no character" },
    { "'\\U0000d83d\\ude00'", "1-11 '\\U0000d83d' is no character; "
                              "11-17 '\\ude00' is no character" },
    { "'\\U00110000'", "1-11 '\\U00110000' is no character" },
    { "b'\\u0041'", "2-4 '\\u' stands for a character, not for bytes "
                    "(write each byte as \\x and two hexadecimal digits)" },
    { "\xe2\x80\x9c"
      "a\xe2\x80\x9d + b",
      "0-7 a string does not stand in curly quotes "
      "(write straight quotes: \"...\")" },
    { "\xe2\x80\x98"
      "a",
      "0-4 a string does not stand in curly quotes "
      "(write straight quotes: '...')" },
    /* macros */
    { "has(a)", "4-5 invalid argument to has() macro: it is no field "
                "(write has(e.f); for a key write \"key\" in e)" },
    { "has(a['b'])", "4-10 invalid argument to has() macro: it is no field "
                     "(write has(e.f); for a key write \"key\" in e)" },
    { "has(has(a.b))", "4-12 invalid argument to has() macro: it is no field "
                       "(write has(e.f); for a key write \"key\" in e)" },
    { "l.map(1, x)", "6-7 the name of a variable is expected here "
                     "(write a plain name, such as x)" },
    { "l.all(.i, x)", "6-8 the name of a variable is expected here "
                      "(write a plain name, such as x)" },
    { "l.all(i, v.w, x)", "9-12 the name of a variable is expected here "
                          "(write a plain name, such as x)" },
    { "l.all(i, i, x)", "9-10 both variables are called 'i'" },
    { "cel.bind(x.y, 1, x)", "9-12 the name of a variable is expected here "
                             "(write a plain name, such as x)" },
    /* several at once */
    { "f(a b, c d) + [1 2, (e]",
      "4-5 expected an operator, ',' or ')' but found 'b'; "
      "9-10 expected an operator, ',' or ')' but found 'd'; "
      "17-18 expected an operator, ',' or ']' but found '2'; "
      "20-21 this '(' is not closed" },
    { "a) && b c, d = e", "1-2 this ')' closes nothing; "
                          "8-9 expected an operator or the end but found 'c'; "
                          "13-14 '=' is no operator (write == to compare)" },
    { "{a 1, b:, c: d}", "3-4 expected ':' and the key's value but found '1'; "
                         "8-9 expected a value but found ','" },
    { "l.map(x y, z).has(a) && has(1)",
      "8-9 expected an operator, ',' or ')' but found 'y'; "
      "28-29 invalid argument to has() macro: it is no field "
      "(write has(e.f); for a key write \"key\" in e)" },
};

START_TEST(a_fault_is_told_where_it_is)
{
    ck_assert_msg(parse(bad[_i].text) == ST_BAD, "%s", bad[_i].text);
    ck_assert_uint_eq(problems.errors, problems.n);
    ck_assert_str_eq(told(), bad[_i].told);
}
END_TEST

/* -- limits --------------------------------------------------------------- */

static struct buf repeated(const char *first, const char *text, size_t times,
                           const char *last)
{
    struct buf b;

    buf_init(&b, BUF_NO_CAP);
    buf_str(&b, first);
    while (times--)
        buf_str(&b, text);
    buf_str(&b, last);
    return b;
}

static enum status parse_repeated(const char *first, const char *text,
                                  size_t times, const char *last)
{
    struct buf b = repeated(first, text, times, last);
    enum status st = parse_slice(buf_view(&b));

    buf_release(&b);
    return st;
}

START_TEST(a_long_chain_is_not_deep)
{
    ck_assert_int_eq(parse_repeated("a", " && b", 5000, ""), ST_OK);
    ck_assert_uint_eq(ast->height, 14);
    ck_assert_int_eq(parse_repeated("a", " || b && c", 5000, ""), ST_OK);
    ck_assert_uint_eq(ast->height, 15);
}
END_TEST

/* Each a level, CEL_DEPTH_MAX - 1 times around or behind one node. */
static const struct {
    const char *first, *text, *last, *close;
} levels[] = {
    { "", "(", "x", ")" },    { "", "[", "x", "]" },
    { "", "f(", "x", ")" },   { "", "a[", "x", "]" },
    { "", "{x: ", "x", "}" }, { "", "!", "x", "" },
    { "", "- ", "x", "" },    { "", "x ? x : ", "x", "" },
    { "x", ".x", "", "" },    { "x", "[x]", "", "" },
    { "x", " + x", "", "" },  { "x", " == x", "", "" },
    { "x", ".f()", "", "" },  { "", "x.map(x,", "x", ")" },
};

static struct buf nested(size_t level, size_t n)
{
    struct buf b = repeated(levels[level].first, levels[level].text, n,
                            levels[level].last);

    while (n--)
        buf_str(&b, levels[level].close);
    return b;
}

START_TEST(nesting_has_a_limit)
{
    struct buf most = nested((size_t)_i, CEL_DEPTH_MAX - 1);
    struct buf more = nested((size_t)_i, CEL_DEPTH_MAX);

    ck_assert_int_eq(parse_slice(buf_view(&most)), ST_OK);
    ck_assert_uint_le(ast->height, CEL_DEPTH_MAX);
    ck_assert_int_eq(parse(written()), ST_OK);
    ck_assert_int_eq(parse_slice(buf_view(&more)), ST_BAD);
    ck_assert_uint_eq(problems.n, 1);
    ck_assert_str_eq(problems.item[0].text,
                     "the expression is nested more than 250 levels deep");
    buf_release(&most);
    buf_release(&more);
}
END_TEST

START_TEST(nothing_overflows_the_stack)
{
    size_t n = (CEL_TEXT_MAX - 2) / strlen(levels[_i].text);

    ck_assert_int_eq(
        parse_repeated(levels[_i].first, levels[_i].text, n, levels[_i].last),
        ST_BAD);
    ck_assert_uint_eq(problems.n, 1);
}
END_TEST

START_TEST(a_text_has_a_limit)
{
    ck_assert_int_eq(parse_repeated("a", " ", CEL_TEXT_MAX - 1, ""), ST_OK);
    ck_assert_int_eq(parse_repeated("a", " ", CEL_TEXT_MAX, ""), ST_BAD);
    ck_assert_str_eq(
        told(), "100000-100001 the expression is longer than 100000 bytes");
}
END_TEST

START_TEST(memory_has_a_limit)
{
    for (size_t cap = 0; cap < 4000; cap += 16) {
        enum status st;

        arena_release(&arena);
        arena_init(&arena, cap);
        st = parse("f(a && [b, 'c\\n'] || -{d: .e.g[0]}.f(x)) ? 1 : 2.5");
        ck_assert_int_eq(st, arena.full ? ST_LIMIT : ST_OK);
        ck_assert_uint_eq(problems.errors, arena.full);
    }
    ck_assert(!arena.full);
}
END_TEST

START_TEST(problems_beyond_thirty_are_counted)
{
    ck_assert_int_eq(parse_repeated("[", "a b,", 40, "]"), ST_BAD);
    ck_assert_uint_eq(problems.n, CEL_PROBLEMS_MAX);
    ck_assert_uint_eq(problems.errors, 40);
    ck_assert(problems.more);
}
END_TEST

START_TEST(a_problem_for_nobody_is_dropped)
{
    cel_help(cel_problem(NULL, false, 0, 1, "a"), "b");
    problems = (struct cel_problems){ 0 };
    ck_assert_ptr_nonnull(cel_problem(&problems, true, 0, 1, "a"));
    ck_assert_uint_eq(problems.n, 1);
    ck_assert_uint_eq(problems.errors, 0);
}
END_TEST

START_TEST(a_long_problem_is_cut_between_characters)
{
    struct buf text = repeated("x", "\xc3\xa9", 200, "");
    struct cel_problem *p;

    problems = (struct cel_problems){ 0 };
    p = cel_problem(&problems, false, 0, 1, "%s", buf_cstr(&text));
    cel_help(p, "%s", buf_cstr(&text));
    ck_assert_uint_eq(strlen(p->text), CEL_PROBLEM_TEXT - 1);
    ck_assert(utf8_valid(slice_str(p->text)));
    cel_help(p, "%s", buf_cstr(&text) + 1);
    ck_assert_uint_eq(strlen(p->help), CEL_PROBLEM_TEXT - 2);
    ck_assert(utf8_valid(slice_str(p->help)));
    buf_release(&text);
}
END_TEST

static const TTest **const tests[] = {
    &a_comprehension_has_its_parts_in_place,
    &a_binding_has_its_parts_in_place,
    &macros_can_be_switched_off,
    &a_long_chain_is_not_deep,
    &a_text_has_a_limit,
    &memory_has_a_limit,
    &problems_beyond_thirty_are_counted,
    &a_problem_for_nobody_is_dropped,
    &a_long_problem_is_cut_between_characters,
};

static const struct suite_table tables[] = {
    { &an_expression_is_understood, COUNT(good) },
    { &what_a_tree_is_written_as_gives_that_tree, COUNT(good) },
    { &other_arguments_make_it_an_ordinary_call, COUNT(calls) },
    { &a_node_knows_where_it_was_written, COUNT(spans) },
    { &a_fault_is_told_where_it_is, COUNT(bad) },
    { &nesting_has_a_limit, COUNT(levels) },
    { &nothing_overflows_the_stack, COUNT(levels) },
};

int main(void)
{
    return RUN_SUITE_WITH("cel_parse", setup, teardown, tests, tables);
}
