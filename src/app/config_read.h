/*
 * config_read.h - what the readers of the configuration's parts share.
 *
 * A reader goes on after a problem, so that all of them are told at once.
 */
#ifndef APP_CONFIG_READ_H
#define APP_CONFIG_READ_H

#include "app/config.h"
#include "data/yaml.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
/* For %.*s: as much of a value as a sentence can bear. */
#define SHOWN(s) (int)((s).n < 80 ? (s).n : 80), (s).p

struct reader {
    struct config *config;
    const char *path;
    const struct config_told *told;
    struct err *err; /* the first problem */
    size_t problems;
};

/* What one key of a mapping means; into is what the mapping is read into. */
struct key {
    const char *name;
    void (*read)(struct reader *r, const struct yaml_node *value, void *into);
};

struct keys {
    const struct key *key;
    size_t n;
};

void config_tell(struct reader *r, struct err *found);
void config_problem(struct reader *r, const struct yaml_node *where,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_warn(struct reader *r, const struct yaml_node *where,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "key: " in front of what err says. */
void config_problem_of(struct reader *r, const struct yaml_node *value,
                       const struct err *err);
/* wanted: "a list of names".  false: the problem was told. */
bool config_is_kind(struct reader *r, const struct yaml_node *value,
                    enum yaml_kind kind, const char *wanted);
void config_read_mapping(struct reader *r, const struct yaml_node *mapping,
                         struct keys keys, void *into);
void config_read_bool(struct reader *r, const struct yaml_node *value,
                      bool *ret);
/* Of letters, digits and ._-, at most so long; else *ret stays as it is. */
void config_read_name(struct reader *r, const struct yaml_node *value,
                      size_t max, char **ret);

#endif
