#include "cel/library.h"

struct buf cel_text_begin(void)
{
    struct buf text;

    buf_init(&text, CEL_STRING_MAX);
    return text;
}

struct cel_value cel_text_end(struct cel_context *cx, struct buf *text)
{
    struct cel_value v;

    if (buf_ok(text))
        v = cel_new_string(cx, buf_view(text));
    else
        v = cel_fail(cx, CEL_LIMIT, "a string of more than %zu bytes",
                     CEL_STRING_MAX);
    buf_release(text);
    return v;
}
