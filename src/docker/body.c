#include "docker/body.h"

#include "data/json.h"
#include "docker/engine.h"

#include <string.h>

#define SHORT_ID 12

/* What the engine found out, not what somebody asked for. */
static const char *const found[] = {
    "Aliases",     "NetworkID",         "EndpointID",
    "Gateway",     "IPAddress",         "IPPrefixLen",
    "IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen",
    "MacAddress",  "DNSNames",
};

static bool is_one_of(struct slice key, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_is(key, keys[i]))
            return true;
    }
    return false;
}

static void aliases(const struct tape *t, size_t at, struct slice old,
                    struct buf *out)
{
    struct slice generated =
        slice_of(old.p, old.n < SHORT_ID ? old.n : SHORT_ID);
    bool any = false;

    buf_char(out, '[');
    for (size_t i = at + 1;
         at && t->op[at].kind == TAPE_ARRAY && i < t->op[at].end;
         i = tape_next(t, i)) {
        if (slice_eq(tape_string(t, i), generated))
            continue;
        if (any)
            buf_char(out, ',');
        json_value(t, i, out);
        any = true;
    }
    buf_char(out, ']');
}

static void endpoint_settings(const struct tape *t, size_t at, struct slice old,
                              struct buf *out)
{
    buf_str(out, "{\"Aliases\":");
    aliases(t, tape_find(t, at, "Aliases"), old, out);
    for (size_t i = at + 1; i < t->op[at].end; i = t->op[i].end) {
        struct slice key = tape_text(&t->op[i]);

        if (t->op[i].flags & TAPE_DEAD ||
            is_one_of(key, found, sizeof(found) / sizeof(*found)))
            continue;
        buf_char(out, ',');
        json_string(key, out);
        buf_char(out, ':');
        json_value(t, i + 1, out);
    }
    buf_char(out, '}');
}

void body_connect(const struct tape *t, size_t endpoint, struct slice old,
                  struct slice container, struct buf *out)
{
    buf_str(out, "{\"Container\":");
    json_string(container, out);
    buf_str(out, ",\"EndpointConfig\":");
    endpoint_settings(t, endpoint, old, out);
    buf_char(out, '}');
}
