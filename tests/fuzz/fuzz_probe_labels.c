/*
 * fuzz_probe_labels.c - the labels of a container, one "key=value" a line.
 *
 * Whatever they say, it is asked in a way that can be, or not at all.
 */
#include "app/probes.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define LABELS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct slice take(struct slice *rest, char end)
{
    const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
    size_t n = at ? (size_t)(at - rest->p) : rest->n;
    struct slice taken = slice_of(rest->p, n);

    n += at != NULL;
    *rest = slice_of(rest->p + n, rest->n - n);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char node[] = "role=node";
    struct probe_entry entry = { .label = node, .spec = probe_spec_default() };
    const struct config_probe config = { .usual = probe_spec_default(),
                                         .entry = &entry,
                                         .n = 1 };
    struct slice rest = slice_of((const char *)data, n), line;
    struct label label[LABELS];
    struct labels labels = { label, 0 };
    struct probe_spec spec;
    struct buf warnings;

    entry.spec.port = 8888;
    for (; rest.n && labels.n < LABELS; labels.n++) {
        line = take(&rest, '\n');
        label[labels.n].key = take(&line, '=');
        label[labels.n].value = line;
    }
    buf_init(&warnings, 1000);
    if (prober_choose(&config, labels, (nsec)n * NSEC_SEC, &spec, &warnings)) {
        assert(!probe_spec_check(&spec, NULL));
        assert(spec.port && spec.path[0] == '/' && spec.failures);
        assert(probe_spec_timeout(&spec) > 0);
        assert(probe_spec_timeout(&spec) <= spec.interval);
        assert(memchr(spec.path, '\0', sizeof(spec.path)));
        assert(memchr(spec.match, '\0', sizeof(spec.match)));
    }
    buf_release(&warnings);
    return 0;
}
