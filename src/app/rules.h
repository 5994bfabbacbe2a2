/*
 * rules.h - rule files as people name them: files, directories, "-".
 */
#ifndef APP_RULES_H
#define APP_RULES_H

#include "rule/rule.h"

#define APP_RULES_FILES_MAX 1000

/* All-zero is none.  Names and texts belong to it. */
struct app_rules {
    struct rule_file *file;
    size_t n;
    size_t bytes; /* of all texts */
};

/*
 * Adds what path names: a file, all *.yaml, *.yml and *.json that are directly
 * in a directory, in the order of their names, or standard input, "-".
 * A file too large for ruleset_load() is cut where that is certain.
 * ST_NONE, ST_DENIED, ST_IO: it cannot be read; ST_LIMIT: there are too many.
 */
CHECKED enum status app_rules_read(struct app_rules *rules, const char *path,
                                   struct err *err);
void app_rules_release(struct app_rules *rules);

#endif
