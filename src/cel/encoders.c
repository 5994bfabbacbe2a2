#include "cel/library.h"

#include "base/base64.h"

CEL_CALL(encode)
{
    struct buf out = cel_text_begin();

    base64_encode(cel_text(arg[0]), &out);
    return cel_text_end(cx, &out);
}

/* Padding may be left out. */
CEL_CALL(decode)
{
    struct buf text = cel_text_begin(), out = cel_text_begin();
    struct cel_value v;

    buf_slice(&text, cel_text(arg[0]));
    while (text.n % 4)
        buf_char(&text, '=');
    if (!cel_charge_bytes(cx, arg[0].n))
        v = cel_spent();
    else if (!buf_ok(&text))
        v = cel_fail(cx, CEL_LIMIT, "a text of more than %zu bytes",
                     CEL_STRING_MAX);
    else if (base64_decode(buf_view(&text), &out))
        v = cel_fail(cx, CEL_BAD_ARGUMENT, "not base64");
    else
        v = cel_new_bytes(cx, buf_view(&out));
    buf_release(&text);
    buf_release(&out);
    return v;
}

static const struct cel_overload overloads[] = {
    { "base64.encode(bytes) -> string", encode },
    { "base64.decode(string) -> bytes", decode },
};

struct cel_library cel_library_encoders(void)
{
    return CEL_LIBRARY(overloads);
}
