/*
 * test_notify.h - notices for tests.
 */
#ifndef TEST_NOTIFY_H
#define TEST_NOTIFY_H

#include "base/alloc.h"
#include "engine/notice.h"
#include "support/suite.h"

#include <stdio.h>

#define PAIR(name, value)                                                      \
    {                                                                          \
        { name, sizeof(name) - 1 },                                            \
        {                                                                      \
            value, sizeof(value) - 1                                           \
        }                                                                      \
    }

#define RUN_TESTS_WITH(name, setup, teardown, tests)                           \
    run_suite(&(struct suite_plan){ name, setup, teardown, tests,              \
                                    sizeof(tests) / sizeof(*(tests)), NULL,    \
                                    0 })

#define RUN_TESTS(name, tests) RUN_TESTS_WITH(name, NULL, NULL, tests)

/* A notice with what it points to. */
struct note {
    struct notice notice;
    struct notice_pair label[2], annotation[1];
    char id[64];
};

/* Of one instance of an alert: since 100 s, ended at 200 s. */
static inline struct notice *note_make(struct note *t, uint64_t ordinal,
                                       const char *name, const char *instance,
                                       bool firing)
{
    snprintf(t->id, sizeof(t->id), "g/%s/%s/%s/%d", name, instance,
             firing ? "firing" : "resolved", (int)ordinal);
    t->label[0] =
        (struct notice_pair){ slice_str("alertname"), slice_str(name) };
    t->label[1] =
        (struct notice_pair){ slice_str("instance"), slice_str(instance) };
    t->annotation[0] =
        (struct notice_pair){ slice_str("summary"), slice_str("it is so") };
    t->notice = (struct notice){
        .ordinal = ordinal,
        .id = slice_str(t->id),
        .firing = firing,
        .at = firing ? 100 * NSEC_SEC : 200 * NSEC_SEC,
        .starts_at = 100 * NSEC_SEC,
        .ends_at = firing ? 0 : 200 * NSEC_SEC,
        .nlabels = 2,
        .nannotations = 1,
        .label = t->label,
        .annotation = t->annotation,
    };
    return &t->notice;
}

#endif
