/*
 * ruleset.h - rules from a text, for tests.
 */
#ifndef SUPPORT_RULESET_H
#define SUPPORT_RULESET_H

#include "rule/rule.h"
#include "support/suite.h"

struct rules {
    struct ruleset *set; /* NULL: diags has errors */
    struct diagnostics diags;
};

static inline struct rules rules_of_files(const struct rule_file *file,
                                          size_t n)
{
    struct rule_options options = { 0 };
    struct rules r = { 0 };
    enum status st = ruleset_load(file, n, &options, &r.diags, &r.set);

    ck_assert((st == ST_OK) == (r.diags.errors == 0));
    return r;
}

static inline struct rules rules_of(const char *yaml)
{
    struct rule_file file = { slice_str("r.yaml"), slice_str(yaml) };

    return rules_of_files(&file, 1);
}

/* One group of the rules. */
static inline struct rules rules_in_group(const char *yaml)
{
    struct rules r;
    struct buf text;

    buf_init(&text, BUF_NO_CAP);
    buf_printf(&text, "groups: [{name: g, rules: [%s]}]", yaml);
    r = rules_of(buf_cstr(&text));
    buf_release(&text);
    return r;
}

static inline void rules_release(struct rules *r)
{
    ruleset_free(r->set);
    diagnostics_release(&r->diags);
}

/* The i-th rule of a set that has to be fine. */
static inline const struct rule *rules_at(const struct rules *r, size_t i)
{
    ck_assert_msg(r->set != NULL, "%s",
                  r->diags.n ? r->diags.item[0].text : "no set");
    ck_assert_uint_lt(i, r->set->n);
    return &r->set->rule[i];
}

/* The only diagnostic, as "line:column text". */
static inline void rules_assert_one(const struct rules *r, const char *wanted)
{
    struct buf got;

    ck_assert_uint_eq(r->diags.n, 1);
    buf_init(&got, BUF_NO_CAP);
    buf_printf(&got, "%u:%u %s", r->diags.item[0].line, r->diags.item[0].column,
               r->diags.item[0].text);
    ck_assert_str_eq(buf_cstr(&got), wanted);
    buf_release(&got);
}

#endif
