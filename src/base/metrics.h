/*
 * metrics.h - text for /metrics in the Prometheus exposition format 0.0.4.
 *
 * One family at a time: metrics_family() once, then its samples.  Label
 * values are escaped here.  Names end in _total for counters, carry their
 * base unit (_seconds, _bytes), as promtool check metrics wants it.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/buf.h"

#include <stdint.h>

struct metrics {
    struct buf *out;
    const char *family;
};

/* type is "counter" or "gauge"; name and help must outlive the samples. */
void metrics_family(struct metrics *m, const char *name, const char *type,
                    const char *help);
/* A sample without labels. */
void metrics_u64(struct metrics *m, uint64_t value);
void metrics_double(struct metrics *m, double value);
/* A sample with n labels: { "key", "value", "key", "value" }. */
void metrics_label_u64(struct metrics *m, const struct slice *pairs, size_t n,
                       uint64_t value);
void metrics_label_double(struct metrics *m, const struct slice *pairs,
                          size_t n, double value);
/* value is a number's text. */
void metrics_label_text(struct metrics *m, const struct slice *pairs, size_t n,
                        struct slice value);

#endif
