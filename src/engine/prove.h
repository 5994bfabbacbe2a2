/*
 * prove.h - in test builds (BW_PROVE): did a rule read only what it waits for?
 *
 * Whatever an expression looks at must be covered by the patterns computed
 * when it was checked, or a change there would go unnoticed.  A read that is
 * not covered aborts.
 */
#ifndef ENGINE_PROVE_H
#define ENGINE_PROVE_H

#include "inside.h"

#ifdef BW_PROVE
/* The child `key` of m, or, key == KEY_NONE, the one that `text` names and
 * that nobody ever wrote. */
void prove_read(const struct engine *e, uint8_t mark, const struct map *m,
                uint32_t key, struct slice text, unsigned kind);
/* Which children m has. */
void prove_keys(const struct engine *e, uint8_t mark, const struct map *m);
/* The child `key` of m in the state, which the rule reads beside its
 * expressions. */
void prove_heard(const struct engine *e, const struct live *l,
                 const struct map *m, uint32_t key);
#else
static inline void prove_read(const struct engine *e, uint8_t mark,
                              const struct map *m, uint32_t key,
                              struct slice text, unsigned kind)
{
    (void)e;
    (void)mark;
    (void)m;
    (void)key;
    (void)text;
    (void)kind;
}

static inline void prove_keys(const struct engine *e, uint8_t mark,
                              const struct map *m)
{
    (void)e;
    (void)mark;
    (void)m;
}

static inline void prove_heard(const struct engine *e, const struct live *l,
                               const struct map *m, uint32_t key)
{
    (void)e;
    (void)l;
    (void)m;
    (void)key;
}
#endif

#endif
