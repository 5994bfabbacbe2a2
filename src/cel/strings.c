#include "cel/library.h"

#include "cel/format.h"

#include <inttypes.h>

/* Positions and lengths of CEL are in characters: code points. */

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t count_characters(struct slice s)
{
    size_t i, n = 0;

    for (i = 0; i < s.n; i++)
        n += starts_character(s.p[i]);
    return n;
}

/* The bytes of the first n characters, n at most their number. */
static size_t bytes_of(struct slice s, size_t n)
{
    size_t i;

    for (i = 0; i < s.n; i++)
        if (starts_character(s.p[i]) && n-- == 0)
            break;
    return i;
}

static struct slice after(struct slice s, size_t n)
{
    return slice_of(s.p + n, s.n - n);
}

static struct cel_value bad_index(struct cel_context *cx, int64_t index)
{
    return cel_fail(cx, CEL_BAD_ARGUMENT, "index out of range: %" PRId64,
                    index);
}

/* The byte at which character v begins; false: there is no such position. */
static bool position(struct slice s, struct cel_value v, size_t *ret)
{
    if (v.i < 0 || (uint64_t)v.i > count_characters(s))
        return false;
    *ret = bytes_of(s, (size_t)v.i);
    return true;
}

/* Where needle begins in s first; SIZE_MAX: nowhere. */
static size_t find(struct slice s, struct slice needle)
{
    const char *at;

    if (needle.n == 0)
        return 0;
    at = needle.n <= s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

CEL_CALL(char_at)
{
    struct slice s = cel_text(arg[0]);
    size_t at;

    if (!cel_charge_bytes(cx, s.n))
        return cel_spent();
    if (!position(s, arg[1], &at))
        return bad_index(cx, arg[1].i);
    s = after(s, at);
    return cel_string(slice_of(s.p, bytes_of(s, s.n ? 1 : 0)));
}

CEL_CALL(index_of)
{
    struct slice s = cel_text(arg[0]);
    size_t from = 0, at;

    if (!cel_charge_bytes(cx, s.n + arg[1].n))
        return cel_spent();
    if (n == 3 && !position(s, arg[2], &from))
        return bad_index(cx, arg[2].i);
    at = find(after(s, from), cel_text(arg[1]));
    if (at == SIZE_MAX)
        return cel_int(-1);
    return cel_int((int64_t)count_characters(slice_of(s.p, from + at)));
}

/* The last that begins at or before byte `from`. */
static struct cel_value last_index(struct cel_context *cx, struct slice s,
                                   struct slice needle, size_t from)
{
    size_t i;

    if (needle.n > s.n)
        return cel_int(-1);
    if (from > s.n - needle.n)
        from = s.n - needle.n;
    if (!cel_charge_bytes(cx, (uint64_t)from * (needle.n / 16 + 1)))
        return cel_spent();
    for (i = from + 1; i-- > 0;)
        if (slice_eq(slice_of(s.p + i, needle.n), needle))
            return cel_int((int64_t)count_characters(slice_of(s.p, i)));
    return cel_int(-1);
}

CEL_CALL(last_index_of)
{
    struct slice s = cel_text(arg[0]);
    size_t from = s.n;

    if (!cel_charge_bytes(cx, s.n))
        return cel_spent();
    if (n == 3 && !position(s, arg[2], &from))
        return bad_index(cx, arg[2].i);
    return last_index(cx, s, cel_text(arg[1]), from);
}

CEL_CALL(substring)
{
    struct slice s = cel_text(arg[0]);
    size_t from, to = s.n;

    if (!cel_charge_bytes(cx, s.n))
        return cel_spent();
    if (n == 3 && arg[1].i > arg[2].i)
        return cel_fail(cx, CEL_BAD_ARGUMENT,
                        "invalid substring range. start: %" PRId64
                        ", end: %" PRId64,
                        arg[1].i, arg[2].i);
    if (!position(s, arg[1], &from))
        return bad_index(cx, arg[1].i);
    if (n == 3 && !position(s, arg[2], &to))
        return bad_index(cx, arg[2].i);
    return cel_string(slice_of(s.p + from, to - from));
}

/* -- joining and splitting ---------------------------------------------- */

CEL_CALL(join)
{
    const struct cel_list *list = arg[0].list;
    struct buf out = cel_text_begin();
    size_t i;

    if (!cel_charge(cx, list->n))
        return cel_spent();
    for (i = 0; i < list->n && buf_ok(&out); i++) {
        if (list->item[i].kind != CEL_STRING) {
            buf_release(&out);
            return cel_no_overload(cx);
        }
        if (i > 0 && n == 2)
            buf_slice(&out, cel_text(arg[1]));
        buf_slice(&out, cel_text(list->item[i]));
    }
    return cel_text_end(cx, &out);
}

/* Cuts the part before the next separator off s; an empty one separates
 * characters. */
static struct slice cut(struct slice *s, struct slice separator)
{
    size_t at = separator.n ? find(*s, separator) : bytes_of(*s, 1);
    struct slice part = slice_of(s->p, at);

    *s = after(*s, at + separator.n);
    return part;
}

static size_t count_parts(struct slice s, struct slice separator)
{
    size_t at, n = 1;

    if (separator.n == 0)
        return count_characters(s);
    for (; (at = find(s, separator)) != SIZE_MAX; n++)
        s = after(s, at + separator.n);
    return n;
}

static struct cel_value split_into(struct cel_context *cx, struct slice s,
                                   struct slice separator, size_t parts)
{
    struct cel_value *item = cel_new_items(cx, parts);
    size_t i;

    if (!item)
        return cel_spent();
    for (i = 0; i + 1 < parts; i++)
        item[i] = cel_string(cut(&s, separator));
    if (parts)
        item[parts - 1] = cel_string(s);
    return cel_list_of(cx, item, parts);
}

CEL_CALL(split)
{
    struct slice s = cel_text(arg[0]), separator = cel_text(arg[1]);
    size_t parts;

    if (!cel_charge_bytes(cx, s.n + separator.n))
        return cel_spent();
    parts = count_parts(s, separator);
    if (n == 3 && arg[2].i >= 0 && (uint64_t)arg[2].i < parts)
        parts = (size_t)arg[2].i;
    return split_into(cx, s, separator, parts);
}

CEL_CALL(replace)
{
    struct slice s = cel_text(arg[0]), old = cel_text(arg[1]);
    struct buf out = cel_text_begin();
    uint64_t left = n == 4 && arg[3].i >= 0 ? (uint64_t)arg[3].i : UINT64_MAX;
    size_t at;

    if (!cel_charge_bytes(cx, s.n + old.n))
        return cel_spent();
    for (; left > 0 && buf_ok(&out); left--) {
        at = find(s, old);
        if (at == SIZE_MAX)
            break;
        buf_slice(&out, slice_of(s.p, at));
        buf_slice(&out, cel_text(arg[2]));
        s = after(s, at + old.n);
        if (old.n == 0) { /* before each character, and at the end */
            if (s.n == 0)
                break;
            at = bytes_of(s, 1);
            buf_slice(&out, slice_of(s.p, at));
            s = after(s, at);
        }
    }
    buf_slice(&out, s);
    return cel_text_end(cx, &out);
}

/* -- one string from another -------------------------------------------- */

/* Adds a distance to the letters from..to. */
static struct cel_value shift_letters(struct cel_context *cx, struct slice s,
                                      char from, char to, int by)
{
    struct buf out = cel_text_begin();
    size_t i;

    for (i = 0; i < s.n; i++)
        buf_char(&out,
                 s.p[i] >= from && s.p[i] <= to ? (char)(s.p[i] + by) : s.p[i]);
    return cel_text_end(cx, &out);
}

CEL_CALL(lower_ascii)
{
    return shift_letters(cx, cel_text(arg[0]), 'A', 'Z', 'a' - 'A');
}

CEL_CALL(upper_ascii)
{
    return shift_letters(cx, cel_text(arg[0]), 'a', 'z', 'A' - 'a');
}

CEL_CALL(reverse)
{
    struct slice s = cel_text(arg[0]);
    struct buf out = cel_text_begin();
    size_t at, end = s.n;

    for (at = s.n; at-- > 0;) {
        if (starts_character(s.p[at])) {
            buf_slice(&out, slice_of(s.p + at, end - at));
            end = at;
        }
    }
    return cel_text_end(cx, &out);
}

/* Unicode's White_Space, in UTF-8. */
static const char *const spaces[] = {
    "\t",           "\n",           "\v",
    "\f",           "\r",           " ",
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80",
    "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
    "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80",
};

static bool is_space(struct slice character)
{
    size_t i;

    for (i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
        if (slice_is(character, spaces[i]))
            return true;
    return false;
}

CEL_CALL(trim)
{
    struct slice s = cel_text(arg[0]);
    size_t at;

    if (!cel_charge_bytes(cx, s.n))
        return cel_spent();
    while (s.n && is_space(slice_of(s.p, bytes_of(s, 1))))
        s = after(s, bytes_of(s, 1));
    while (s.n) {
        for (at = s.n - 1; !starts_character(s.p[at]); at--)
            ;
        if (!is_space(after(s, at)))
            break;
        s.n = at;
    }
    return cel_string(s);
}

CEL_CALL(quote)
{
    static const char plain[] = "\a\b\f\n\r\t\v\\\"";
    static const char escaped[] = "abfnrtv\\\"";
    struct slice s = cel_text(arg[0]);
    struct buf out = cel_text_begin();
    const char *found;
    size_t i;

    buf_char(&out, '"');
    for (i = 0; i < s.n; i++) {
        found = s.p[i] ? strchr(plain, s.p[i]) : NULL;
        if (found)
            buf_char(&out, '\\');
        buf_char(&out, found ? escaped[found - plain] : s.p[i]);
    }
    buf_char(&out, '"');
    return cel_text_end(cx, &out);
}

static const struct cel_overload overloads[] = {
    { "string.charAt(int) -> string", char_at },
    { "string.indexOf(string) -> int", index_of },
    { "string.indexOf(string, int) -> int", index_of },
    { "string.lastIndexOf(string) -> int", last_index_of },
    { "string.lastIndexOf(string, int) -> int", last_index_of },
    { "string.substring(int) -> string", substring },
    { "string.substring(int, int) -> string", substring },
    { "list(string).join() -> string", join },
    { "list(string).join(string) -> string", join },
    { "string.split(string) -> list(string)", split },
    { "string.split(string, int) -> list(string)", split },
    { "string.replace(string, string) -> string", replace },
    { "string.replace(string, string, int) -> string", replace },
    { "string.lowerAscii() -> string", lower_ascii },
    { "string.upperAscii() -> string", upper_ascii },
    { "string.reverse() -> string", reverse },
    { "string.trim() -> string", trim },
    { "strings.quote(string) -> string", quote },
    { "string.format(list(dyn)) -> string", cel_format },
};

struct cel_library cel_library_strings(void)
{
    return CEL_LIBRARY(overloads);
}
