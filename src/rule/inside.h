/*
 * inside.h - what the files of this folder share: the state of one load and
 * the steps that the kinds of rules have in common.  Nobody else includes it.
 *
 * A fault is told (diagnostic.h) where it is found and reading goes on with a
 * harmless value, so that all faults of all files are told at once; whether
 * there was one is asked once, at the end.
 */
#ifndef RULE_INSIDE_H
#define RULE_INSIDE_H

#include "base/arena.h"
#include "data/yaml.h"
#include "rule/rule.h"

/* What a set may hold, whatever its files say: aliases repeat a text without
 * making its file larger. */
#define PROGRAMS_MAX         30000
#define EXPRESSION_BYTES_MAX ((size_t)3 << 20)
#define READ_COST            16 /* bytes of an expression that a path weighs */
#define KEPT_BYTES_MAX       ((size_t)48 << 20)
#define CANONICAL_BYTES_MAX  ((size_t)1 << 20)
#define TEMPLATE_BYTES_MAX   ((size_t)64 << 10)
#define TEMPLATE_PIECES_MAX  64
#define VARIABLES_MAX        64 /* of a group */

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
/* For %.*s: as much of a value as a sentence can bear. */
#define SHOWN(s) (int)((s).n < 80 ? (s).n : 80), (s).p

struct ruleset_own {
    struct arena arena;
    struct cel_functions *functions;
    struct cel_program **program;
    size_t nprograms, room;
    struct rule *rules;
};

/* A rule's expression reads what others derive. */
struct reference {
    uint32_t rule; /* that reads */
    bool all;      /* whatever any rule derives */
    enum rule_kind kind;
    struct slice name; /* p == NULL: all rules of that kind */
    struct diagnostic_place at;
};

/* A member that the rule which derives the place may not write (own.h). */
struct doubt {
    enum rule_kind kind;
    struct slice rule;
    uint32_t stars; /* the rule has so many: then it does not */
    struct slice member, below;
    const char *const *words; /* that it could be */
    struct diagnostic_place at;
};

struct group {
    struct slice name;
    struct cel_alias *alias;
    size_t naliases;
    size_t alias_cost[VARIABLES_MAX]; /* bytes, with those it uses */
    struct slice text;                /* the variables in canonical form */
};

struct loader {
    const struct rule_options *options;
    struct diagnostics *diags;
    struct ruleset_own *own;
    /* Of the file being read. */
    const struct rule_file *file;
    uint32_t order;
    const struct yaml *doc;
    struct slice file_name;
    struct group group;
    struct rule *rule;         /* the one being read; its env is complete */
    const struct cel_env *env; /* what expressions are compiled in; NULL: the
                                  variables are not known, so they are not */
    /* Of all files. */
    size_t n, room;
    struct diagnostic_place *name_at; /* by rule */
    struct reference *references;
    size_t nreferences, references_room;
    struct doubt *doubts;
    size_t ndoubts, doubts_room;
    size_t expression_bytes;
    bool too_many;   /* a limit of the whole set was told */
    bool incomplete; /* there are rules that could not be read */
};

/* -- telling -------------------------------------------------------------- */

#define WHOLE SIZE_MAX

/* At bytes of a scalar's text, or (0, WHOLE) at the node. */
struct diagnostic_place load_place(const struct loader *l,
                                   const struct yaml_node *where, size_t from,
                                   size_t to);
struct diagnostic *load_tell(struct loader *l, bool warning,
                             const struct diagnostic_place *at,
                             const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct diagnostic *load_error_in(struct loader *l,
                                 const struct yaml_node *where, size_t from,
                                 size_t to, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
struct diagnostic *load_error(struct loader *l, const struct yaml_node *where,
                              const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct diagnostic *load_warning(struct loader *l, const struct yaml_node *where,
                                const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* item may be NULL. */
void load_help(struct diagnostic *item, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* -- reading: nodes may be NULL, which leaves the value as it is ---------- */

struct key_list {
    const char *const *name;
    size_t n;
};

/* Complains about keys of the mapping that are not in the list. */
void load_keys(struct loader *l, const struct yaml_node *mapping,
               struct key_list keys);
/* "KEY: WANTED is wanted, not ..." if it is something else. */
bool load_is(struct loader *l, const struct yaml_node *value,
             enum yaml_kind kind, const char *wanted);
/* The member of a mapping, or NULL and a complaint that owner needs it. */
const struct yaml_node *load_need(struct loader *l,
                                  const struct yaml_node *mapping,
                                  const char *key, const char *owner);
/* A name people give: no control characters, at most RULE_NAME_MAX. */
bool load_name(struct loader *l, const struct yaml_node *value,
               struct slice *ret);
/* [a-zA-Z0-9_], and a run of them without a digit first. */
bool rule_is_word(char c);
bool rule_is_identifier(struct slice s);
/* A name for a variable beside state and now; complains if it is none. */
bool load_check_variable(struct loader *l, const struct yaml_node *where,
                         size_t from, struct slice name);
void load_span(struct loader *l, const struct yaml_node *value, nsec *ret);
void load_flag(struct loader *l, const struct yaml_node *value, bool *ret);
void load_number(struct loader *l, const struct yaml_node *value,
                 uint32_t least, uint32_t most, uint32_t *ret);
/* The index of the value in names. */
void load_choice(struct loader *l, const struct yaml_node *value,
                 struct key_list names, unsigned *ret);

void *load_alloc(struct loader *l, size_t n); /* lives as long as the set */
struct slice load_keep(struct loader *l, struct slice text);

/* -- expressions ---------------------------------------------------------- */

enum want {
    WANT_ANY,
    WANT_BOOL,
    WANT_NUMBER,
    WANT_STRING,
    WANT_DURATION,
    WANT_NAMES, /* list(string) or map(string, string) */
    WANT_ANSWERS
};

/* What the group's variables that text mentions cost, in bytes. */
size_t load_alias_cost(const struct loader *l, struct slice text);
/* what: "an alert's expr".  NULL after a complaint, or of NULL. */
struct cel_program *load_expression(struct loader *l,
                                    const struct yaml_node *value,
                                    enum want want, const char *what);
/* text is from byte from on a part of the node's. */
struct cel_program *load_part(struct loader *l, const struct yaml_node *node,
                              size_t from, struct slice text);
/* text is ours; faults are told at the node as a whole. */
struct cel_program *load_ours(struct loader *l, const struct yaml_node *node,
                              const char *text);

void load_template(struct loader *l, const struct yaml_node *value,
                   struct rule_template *ret);
/* A mapping of names to templates; what: "a label", "an annotation". */
size_t load_labels(struct loader *l, const struct yaml_node *mapping,
                   const char *what, struct rule_label **ret);
bool load_check_label(struct loader *l, const struct yaml_node *key,
                      const char *what);

/* Names and a path with at least one star.  False: not even the names could be
 * read. */
bool load_foreach(struct loader *l, const struct yaml_node *value,
                  struct rule_foreach *ret, struct slice *ret_element);
/* A path alone. */
void load_path(struct loader *l, const struct yaml_node *value,
               struct rule_foreach *ret);

/* Warns if the snapshot has no place at the n keys. */
void load_check_snapshot(struct loader *l, const struct slice *key, uint32_t n,
                         const struct yaml_node *where);
void rule_canonical(const struct yaml_node *node, struct buf *out);

/* -- the kinds ------------------------------------------------------------ */

struct kind {
    const char *name, *section, *called; /* "alert", "alerts", "an alert" */
    struct key_list keys;
    bool needs_foreach;
    void (*read)(struct loader *l, const struct yaml_node *node,
                 struct rule *rule);
};

extern const struct kind kind_alert, kind_intent, kind_machine, kind_count,
    kind_errors, kind_revive;
const struct kind *rule_kind_of(enum rule_kind kind);

/* -- what bladewatch writes ------------------------------------------------ */

/* A path of the state, as a text of a file says it. */
struct own_path {
    uint32_t n, first; /* the keys before first are another text's */
    struct slice key[2 * CEL_READ_DEPTH]; /* p == NULL: any */
    /* The word in front of each key, and the last one; p == NULL: none */
    struct slice said[2 * CEL_READ_DEPTH + 1];
    const struct yaml_node *where;
    size_t from; /* of its text */
};

/* Warn of members that bladewatch does not write.  False: it was told. */
bool load_check_path(struct loader *l, const struct rule_foreach *path,
                     const struct yaml_node *where);
void load_check_program(struct loader *l, const struct cel_program *program,
                        const struct yaml_node *where, size_t from);
void own_tell(struct loader *l, const struct doubt *d);

/* -- what depends on what ------------------------------------------------- */

/* Notes which rules a foreach and a program of the rule being read need. */
void load_note_path(struct loader *l, const struct rule_foreach *path,
                    const struct yaml_node *where);
void load_note_program(struct loader *l, const struct cel_program *program,
                       const struct yaml_node *where, size_t from);
/* Where word stands by itself in text, from a place on; text.n: nowhere. */
size_t load_find_word(struct slice text, size_t from, struct slice word);
/* By kind, name, group and place; to be freed. */
const struct rule **load_sort(const struct rule *rule, size_t n);
/* Tells unknown rules and cycles; ret[i] is the i-th to be evaluated. */
void load_order(struct loader *l, const struct rule **sorted, uint32_t *ret);

#endif
