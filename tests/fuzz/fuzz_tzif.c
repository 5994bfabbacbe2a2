/*
 * The first eight bytes are an instant, the rest is a zone file.  A file that
 * is read has an offset of less than eight days, and the same one again.
 */
#include "cel/timezone.h"
#include "cel/tzif.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t range = (uint64_t)(TIMESTAMP_MAX - TIMESTAMP_MIN) + 1;
    int32_t offset, again;
    struct slice file;
    int64_t seconds;
    uint64_t raw;

    if (size < sizeof(raw))
        return 0;
    memcpy(&raw, data, sizeof(raw));
    seconds = TIMESTAMP_MIN + (int64_t)(raw % range);
    file = slice_of((const char *)data + sizeof(raw), size - sizeof(raw));
    if (tzif_offset(file, seconds, &offset))
        return 0;
    assert(offset > -8 * DAY_SECONDS && offset < 8 * DAY_SECONDS);
    assert(!tzif_offset(file, seconds, &again) && again == offset);
    return 0;
}
