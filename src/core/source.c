#include "source.h"

static const char *const names[] = {
    [MODE_SHARD] = "shard",
    [MODE_JSON] = "json",
    [MODE_TEXT] = "text",
};

const char *mode_name(enum mode mode)
{
    return names[mode];
}

enum status mode_parse(struct slice text, enum mode *ret_mode)
{
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (slice_is(text, names[i])) {
            *ret_mode = (enum mode)i;
            return ST_OK;
        }
    }
    return ST_BAD;
}
