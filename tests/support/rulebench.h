/*
 * rulebench.h - rules under test: lines in, a timeline out, all as text.
 *
 * Times are milliseconds of log time.  A core is under it, so what is seen is
 * what a replay would show.
 */
#ifndef SUPPORT_RULEBENCH_H
#define SUPPORT_RULEBENCH_H

#include "base/buf.h"
#include "core/core.h"

struct rulebench;

/* The text of one rule file, which has to be right. */
struct rulebench *rulebench_new(const char *yaml);
void rulebench_free(struct rulebench *rb);
struct core *rulebench_core(struct rulebench *rb);
void rulebench_reload(struct rulebench *rb, const char *yaml);
/* Evaluates at every instant, without listening; to begin with. */
void rulebench_exhaustive(struct rulebench *rb);

/* Logs a line (of blade "b"); it is merged once time has gone past it. */
void rulebench_line(struct rulebench *rb, int64_t ts_ms, const char *json);
void rulebench_advance(struct rulebench *rb, int64_t ts_ms);
/*
 * Each line of the script is one of
 *
 *   1000 {"a":1}   a line logged at 1000 ms
 *   2500           time goes on to there
 */
void rulebench_play(struct rulebench *rb, const char *script);

/*
 * What has happened so far, a line for each transition:
 *
 *   12.300 alert X i7 inactive -> firing | its detail
 *
 * without the instance, the state before or the detail where there is none.
 */
const char *rulebench_timeline(struct rulebench *rb);
/* "12.310 firing {alertname=X,id=i7} {summary=...}", a line for each. */
const char *rulebench_notices(struct rulebench *rb);
/* The view at a path, such as monitor.alerts.X; "" if nothing is there. */
const char *rulebench_at(struct rulebench *rb, const char *path);
/* Of everything; good until the next report. */
const char *rulebench_report(struct rulebench *rb);
const char *rulebench_report_text(struct rulebench *rb);
/* Of one rule: the object, or the lines for people. */
const char *rulebench_rule_report(struct rulebench *rb, const char *rule);
const char *rulebench_rule_text(struct rulebench *rb, const char *rule);

/* A row of a table. */
struct rulecase {
    const char *name, *rules, *script, *timeline;
};

/* Plays the case, by listening and exhaustively, and compares. */
void rulecase_check(const struct rulecase *c);

#endif
