#include "live.h"

#include "app/clock.h"
#include "app/figures.h"
#include "app/holds.h"
#include "app/intake.h"
#include "app/log.h"
#include "app/outage.h"
#include "app/probes.h"
#include "app/reload.h"
#include "app/revival.h"
#include "app/self.h"
#include "app/zones.h"
#include "base/alloc.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICK_EVERY (100 * NSEC_MSEC)
/* A stream that does not get through its backlog must not stop alerts. */
#define HOLD_MAX (30 * NSEC_SEC)
/* What is still coming in then is not taken. */
#define STOP_MAX (3 * NSEC_SEC)

struct live {
    const struct config *config;
    struct zones zones;
    struct reload reload;
    struct notify *notify;
    struct loop *loop;
    struct core *core;
    struct journal *journal;
    struct registry *registry;
    struct committer *committer;
    struct revival revival;
    struct httpd *httpd;
    struct docker *docker;
    struct prober *prober;
    struct outage outage;
    struct loop_timer ticker;
    struct loop_signal on_int, on_term, on_hup;
    struct clock clock;
    bool behind; /* the wall clock, and it was said */
    bool leaps;  /* likewise */
    nsec tick;   /* the last one journalled */
    nsec started_at;
    char run[INSTANT_TEXT]; /* the same, of lines without another */
    bool rules_failed;      /* to load, the last time */
    nsec rules_at;          /* when they last did */
    bool has_limits;        /* the journal says which bounds are in force */
    bool stopping;
    nsec stopping_at;
};

/* -- recovery ------------------------------------------------------------- */

static void recover_line(struct live *l, const struct event *ev)
{
    registry_durable(l->registry, ev);
    revival_recovered(&l->revival, ev);
}

static enum status recover_event(void *arg, const struct event *ev,
                                 struct err *err)
{
    struct live *l = arg;

    if (ev->kind == EV_SOURCE && ev->source >= REGISTRY_SOURCES_MAX) {
        err_set(err,
                "the journal in %s numbers a source %u, and there are "
                "at most %d",
                l->config->data, ev->source, REGISTRY_SOURCES_MAX);
        return ST_BAD;
    }
    if (ev->kind == EV_SOURCE)
        registry_recover(l->registry, ev->source, ev->decl);
    else if (ev->kind == EV_LINE)
        recover_line(l, ev);
    else if (ev->kind == EV_TICK && ev->ts > l->tick)
        l->tick = ev->ts;
    else if (ev->kind == EV_LIMITS)
        l->has_limits = true;
    else if (ev->kind == EV_RULES)
        reload_known(&l->reload, ev);
    core_step(l->core, ev);
    return ST_OK;
}

static void tell_recovery(const struct live *l,
                          const struct journal_recovery *r)
{
    struct core_stats s = core_stats(l->core);
    nsec now = loop_wall(l->loop);

    if (r->batches)
        log_info(now, "%llu lines read back from %s, %llu nodes in the state",
                 (unsigned long long)s.lines, l->config->data,
                 (unsigned long long)s.nodes);
    if (r->dropped_bytes)
        log_warn(now,
                 "the last process stopped while writing: %llu records "
                 "(%llu bytes) that were never acknowledged are dropped%s",
                 (unsigned long long)r->dropped_records,
                 (unsigned long long)r->dropped_bytes,
                 r->kept_aside ? "; they look as if the disk lost a part, and "
                                 "stay in their file"
                               : "");
    if (s.loads_refused)
        log_warn(now,
                 "rules in the journal in %s were not taken %llu times: this "
                 "version reads them as wrong",
                 l->config->data, (unsigned long long)s.loads_refused);
    if (r->damaged)
        log_warn(now,
                 "%llu damaged parts of the journal in %s could not be "
                 "read and are counted in monitor.damage",
                 (unsigned long long)r->damaged, l->config->data);
}

static void on_notify_log(void *self, bool warning, const char *sentence)
{
    struct live *l = self;

    if (warning)
        log_warn(loop_wall(l->loop), "notify: %s", sentence);
    else
        log_info(loop_wall(l->loop), "notify: %s", sentence);
}

static void on_notice(void *self, const struct notice *notice)
{
    notify_put(((struct live *)self)->notify, notice);
}

static void on_decision(void *self, const struct decision *d)
{
    revival_decision(&((struct live *)self)->revival, d);
}

/* Before the journal is read: what it brings forth again has been delivered
 * up to where each receiver got. */
static enum status prepare_notify(struct live *l, struct err *err)
{
    const struct engine_sink sink = { .self = l,
                                      .notice = on_notice,
                                      .decision = on_decision };
    char id[32];
    struct notify_config config = {
        .receiver = l->config->receivers,
        .n = l->config->nreceivers,
        .dir = l->config->data,
        .journal_id = id,
        .external_url = l->config->external_url,
        .resend_every = l->config->resend_every,
        .log_self = l,
        .log = on_notify_log,
    };
    enum status st;

    snprintf(id, sizeof(id), "%lld", (long long)journal_begun_at(l->journal));
    st = notify_new(&config, &l->notify, err);
    if (!st)
        core_sink(l->core, &sink);
    return st;
}

static enum status recover(struct live *l, struct err *err)
{
    struct journal_options opt = {
        .fsync = l->config->fsync,
        .segment_bytes = l->config->segment_bytes,
        .now = loop_wall(l->loop),
    };
    struct journal_recovery found = { 0 };
    enum status st = journal_open(l->config->data, opt, &l->journal, err);

    if (!st)
        st = prepare_notify(l, err);
    if (!st)
        st = journal_replay(l->journal, recover_event, l, &found, err);
    if (!st)
        tell_recovery(l, &found);
    return st;
}

/* -- log time
 * ------------------------------------------------------------------ */

static nsec log_time(void *self)
{
    struct live *l = self;

    return clock_step(&l->clock, loop_wall(l->loop), loop_now(l->loop));
}

static void mind_clock(struct live *l, nsec now)
{
    nsec wall = loop_wall(l->loop);
    bool behind = now - wall > (l->behind ? 0 : NSEC_SEC);

    if (behind && !l->behind)
        log_warn(wall,
                 "the clock is %.0f s behind what it was; until it has "
                 "caught up, lines that others stamp come late",
                 (double)(now - wall) / 1e9);
    else if (!behind && l->behind)
        log_info(wall, "the clock has caught up");
    l->behind = behind;
}

/* A hold for a time ends when that has passed, not when a clock is set. */
static void mind_leap(struct live *l)
{
    nsec leap = clock_leap(&l->clock);

    if (leap && !l->leaps) {
        log_warn(loop_wall(l->loop),
                 "the clock went forward by %.0f s at once (it was set, or the "
                 "machine slept); holds for a time last that much longer",
                 (double)leap / 1e9);
        holds_extend(l->core, &l->revival.ledger, l->clock.at, leap);
    }
    l->leaps = leap != 0;
}

static bool held(const struct live *l)
{
    nsec since;

    return l->docker && docker_draining(l->docker, &since) &&
           loop_now(l->loop) - since < HOLD_MAX;
}

/*
 * While the journal cannot be written no line is taken, so time may go on
 * unrecorded: the first event that gets through again is a tick as far as the
 * watermark has come (intake.c), and a replay ends up the same.
 */
static void tick_in_trouble(struct live *l, const struct event *ev)
{
    if (committer_busy(l->committer))
        return;
    core_step(l->core, ev);
    httpd_flush_watchers(l->httpd);
}

static void say_outage(struct live *l, const struct err *why)
{
    unsigned times;

    if (!outage_failed(&l->outage, loop_now(l->loop), why, &times))
        return;
    if (times)
        log_warn(loop_wall(l->loop),
                 "nothing is acknowledged: %s (%u times more)", why->text,
                 times);
    else
        log_warn(loop_wall(l->loop), "nothing is acknowledged: %s", why->text);
}

static void mind_outage(struct live *l)
{
    nsec lasted;

    if (outage_over(&l->outage, loop_now(l->loop), &lasted))
        log_info(loop_wall(l->loop),
                 "the journal can be written again, after %.1f s",
                 (double)lasted / (double)NSEC_SEC);
}

static void on_tick(void *arg)
{
    struct live *l = arg;
    struct event ev = { .kind = EV_TICK };
    struct err err;

    mind_outage(l);
    revival_tick(&l->revival);
    ev.ts = log_time(l);
    mind_clock(l, ev.ts);
    mind_leap(l);
    ev.ts -= l->config->reorder_for;
    if (ev.ts <= l->tick || held(l) || core_due(l->core) > ev.ts)
        return;
    if (committer_trouble(l->committer))
        tick_in_trouble(l, &ev);
    else if (!committer_event(l->committer, &ev, &err))
        l->tick = ev.ts;
}

/* Whether or not anything is due. */
static void tick_now(void *self)
{
    struct live *l = self;
    struct event ev = { .kind = EV_TICK };

    ev.ts = log_time(l) - l->config->reorder_for;
    if (ev.ts > l->tick && !held(l) &&
        !committer_event(l->committer, &ev, NULL))
        l->tick = ev.ts;
}

static void on_merged(void *self)
{
    struct live *l = self;

    l->has_limits = true; /* the first thing in a new journal */
    reload_merged(&l->reload);
    revival_merged(&l->revival);
    if (l->httpd)
        httpd_flush_watchers(l->httpd);
}

/* The bounds are journalled where they are not in force yet. */
static enum status journal_limits(struct live *l, struct err *err)
{
    struct event ev = { .kind = EV_LIMITS, .limits = l->config->limits };

    if (l->has_limits &&
        memcmp(&ev.limits, core_limits(l->core), sizeof(ev.limits)) == 0)
        return ST_OK;
    return committer_event(l->committer, &ev, err);
}

static void on_trouble(void *self, const struct err *why)
{
    struct live *l = self;
    struct err err;

    l->tick = core_stats(l->core).watermark;
    if (why) {
        say_outage(l, why);
        reload_trouble(&l->reload, why);
        return;
    }
    outage_wrote(&l->outage, loop_now(l->loop));
    /* They may have been lost with all else that was on its way. */
    if (journal_limits(l, &err))
        log_warn(loop_wall(l->loop), "the limits are not in force: %s",
                 err.text);
    reload_trouble(&l->reload, NULL);
}

/* -- rules ------------------------------------------------------------------
 */

/* Each line of what there is to say. */
static void log_lines(const struct live *l, bool bad, struct buf *said)
{
    char *line, *rest = NULL;

    for (line = strtok_r((char *)(uintptr_t)buf_cstr(said), "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (bad)
            log_warn(loop_wall(l->loop), "rules: %s", line);
        else
            log_info(loop_wall(l->loop), "rules: %s", line);
    }
}

static void log_rules(const struct live *l, bool good, struct slice said)
{
    struct buf copy;

    buf_init(&copy, BUF_NO_CAP);
    buf_slice(&copy, said);
    log_lines(l, !good, &copy);
    buf_release(&copy);
}

/* At the start people read what is wrong where they have started it. */
static void on_rules(void *self, enum status st, struct buf *said)
{
    struct live *l = self;
    bool good = st == ST_OK || st == ST_NONE;

    l->rules_failed = !good;
    if (good)
        l->rules_at = loop_wall(l->loop);
    if (!l->httpd && !good) {
        fwrite(said->p, 1, said->n, stderr);
        return;
    }
    if (!good)
        buf_str(said, "nothing has changed: the rules before are in force\n");
    if (l->httpd || l->config->nrule_paths)
        log_rules(l, good, buf_view(said));
    if (l->httpd)
        httpd_reloaded(l->httpd, st, buf_view(said));
}

static enum status first_rules(struct live *l, struct err *err)
{
    const struct reload_config config = {
        .path = l->config->rule_paths,
        .npaths = l->config->nrule_paths,
        .core = l->core,
        .committer = l->committer,
        .self = l,
        .tick = tick_now,
        .done = on_rules,
    };

    reload_begin(&l->reload, &config);
    reload_now(&l->reload);
    if (!l->rules_failed)
        return ST_OK;
    err_set(err, "the rules cannot be used; 'bladewatch check' looks at "
                 "them without starting");
    return ST_BAD;
}

static void on_reload(void *self)
{
    reload_now(&((struct live *)self)->reload);
}

static void on_hangup(void *arg, int signum)
{
    (void)signum;
    on_reload(arg);
}

/* -- faces ----------------------------------------------------------------- */

static void rule_metrics(const struct live *l, struct metrics *m)
{
    figure(m, "bladewatch_rules_last_reload_successful",
           "1 unless the rules that were read last are broken.",
           !l->rules_failed);
    metrics_family(m, "bladewatch_rules_last_reload_success_timestamp_seconds",
                   "gauge", "When rules were last read that are not broken.");
    metrics_double(m, (double)l->rules_at / 1e9);
    engine_metrics(core_engine(l->core), m);
    notify_metrics(l->notify, m);
}

static void on_metrics(void *self, struct metrics *m)
{
    struct live *l = self;

    figures_core(l->core, m);
    figures_journal(l->journal, l->committer, m);
    rule_metrics(l, m);
    if (l->docker)
        docker_metrics(l->docker, m);
    prober_metrics(l->prober, m);
    httpd_metrics(l->httpd, m);
    figures_process(l->started_at, m);
}

static void on_container(void *self, struct slice name, struct buf *out)
{
    roster_container(((struct live *)self)->core, name, out);
}

static void on_containers(void *self, struct buf *out)
{
    struct live *l = self;

    if (l->docker)
        docker_containers(l->docker, out, on_container, l);
    else
        buf_str(out, "[]");
}

static enum status on_hold(void *self, const struct httpd_hold *hold,
                           uint64_t *ret_ticket, struct err *err)
{
    struct live *l = self;

    return holds_take(l->core, &l->revival.ledger, &l->revival.pending, hold,
                      ret_ticket, err);
}

static void on_held(void *self, const struct httpd_hold *hold, struct buf *out)
{
    holds_tell(((struct live *)self)->core, hold, out);
}

static bool on_ready(void *self, struct buf *why)
{
    struct live *l = self;
    const struct err *trouble = committer_trouble(l->committer);

    if (l->stopping)
        buf_str(why, "stopping");
    else if (trouble)
        buf_printf(why, "nothing is acknowledged: %s", trouble->text);
    else if (held(l))
        buf_str(why, "still reading what the containers logged before");
    else if (core_due(l->core) <= l->started_at)
        buf_str(why, "still merging what the journal holds");
    else
        return true;
    return false;
}

static void on_docker_log(void *self, enum docker_log level,
                          const char *sentence)
{
    struct live *l = self;

    if (level == DOCKER_WARN)
        log_warn(loop_wall(l->loop), "docker: %s", sentence);
    else
        log_info(loop_wall(l->loop), "docker: %s", sentence);
}

/* What the docker source has to pick up from the process before. */
static void on_recorded(void *self, struct buf *out)
{
    const struct live *l = self;

    view_ahead(l->core, slice_str("docker"), slice_str("docker"), out);
}

/* -- life -------------------------------------------------------------------
 */

static void finish_when_idle(void *arg)
{
    struct live *l = arg;

    if (committer_busy(l->committer) && !committer_trouble(l->committer) &&
        loop_now(l->loop) - l->stopping_at < STOP_MAX)
        return;
    loop_timer_stop(&l->ticker);
    notify_stop(l->notify);
    loop_stop(l->loop);
}

static void on_stop(void *arg, int signum)
{
    struct live *l = arg;

    if (l->stopping) {
        loop_stop(l->loop);
        return;
    }
    l->stopping = true;
    l->stopping_at = loop_now(l->loop);
    log_info(loop_wall(l->loop), "stopping on signal %d", signum);
    l->revival.docker = NULL;
    docker_stop(l->docker);
    prober_stop(l->prober);
    loop_timer_start(l->loop, &l->ticker, NSEC_MSEC, 10 * NSEC_MSEC,
                     finish_when_idle, l);
}

static enum status start_signals(struct live *l, struct err *err)
{
    enum status st;

    st = loop_signal_start(l->loop, &l->on_int, SIGINT, on_stop, l, err);
    if (!st)
        st = loop_signal_start(l->loop, &l->on_term, SIGTERM, on_stop, l, err);
    if (!st)
        st = loop_signal_start(l->loop, &l->on_hup, SIGHUP, on_hangup, l, err);
    return st;
}

static enum status start_committer(struct live *l, struct err *err)
{
    struct committer_config config = {
        .loop = l->loop,
        .core = l->core,
        .journal = l->journal,
        .registry = l->registry,
        .self = l,
        .now = log_time,
        .merged = on_merged,
        .trouble = on_trouble,
    };
    enum status st;

    l->committer = committer_new(&config);
    st = first_rules(l, err);
    return st ? st : journal_limits(l, err);
}

static enum status start_httpd(struct live *l, struct err *err)
{
    struct httpd_config config = {
        .run = slice_str(l->run),
        .listen = l->config->listen,
        .allow_anonymous = l->config->allow_anonymous,
        .tokens = l->config->tokens,
        .ntokens = l->config->ntokens,
        .keyed_lines = l->config->limits.ids,
    };
    struct httpd_ports ports = {
        .intake = (struct intake *)(uintptr_t)committer_intake(l->committer),
        .core = l->core,
        .self = l,
        .metrics = on_metrics,
        .containers = on_containers,
        .reload = on_reload,
        .hold = on_hold,
        .held = on_held,
        .ready = on_ready,
    };

    return httpd_start(l->loop, &config, &ports, &l->httpd, err);
}

/* Where what a container was made of is kept, for making it anew. */
static const char *specs_dir(const struct live *l, struct buf *path)
{
    buf_init(path, BUF_NO_CAP);
    buf_printf(path, "%s/specs", l->config->data);
    return buf_cstr(path);
}

static enum status start_docker(struct live *l, struct err *err)
{
    char *found = l->config->self_id ? NULL : self_container_id();
    struct buf specs;
    struct docker_config config = {
        .endpoint = l->config->docker_host,
        .act_endpoint = l->config->docker_act,
        .observe = !l->config->revive,
        .dry_run = l->config->dry_run,
        .spec_dir = specs_dir(l, &specs),
        .stats_every = l->config->stats_every,
        .api_version = l->config->docker_version,
        .self_id = l->config->self_id ? l->config->self_id : found,
        .rules = l->config->rules,
        .nrules = l->config->nrules,
        .history = l->config->history,
        .history_lines = l->config->history_lines,
        .seed = (uint64_t)l->started_at,
        .recorded_self = l,
        .recorded = on_recorded,
        .seen_self = l->prober,
        .seen = prober_seen,
        .log_self = l,
        .log = on_docker_log,
    };
    enum status st = ST_OK;

    if (l->config->docker)
        st = docker_start(l->loop, &config, committer_intake(l->committer),
                          &l->docker, err);
    l->revival.docker = l->docker;
    buf_release(&specs);
    free(found);
    return st;
}

/* Connections, log streams and segments together pass the usual 1024. */
static void raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

static enum status start(struct live *l, struct err *err)
{
    uint64_t seed = 0;
    enum status st = loop_new(&l->loop, err);

    if (st)
        return st;
    raise_file_limit();
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
        seed = (uint64_t)loop_wall(l->loop) * (uint64_t)getpid();
    l->started_at = loop_wall(l->loop);
    snprintf(l->run, sizeof(l->run), "%lld", (long long)l->started_at);
    l->core = core_new(seed);
    zones_init(&l->zones);
    core_zones(l->core, &l->zones.port);
    reload_init(&l->reload);
    revival_init(&l->revival, l->loop, l->core);
    l->registry = registry_new();
    st = recover(l, err);
    l->clock.at = core_stats(l->core).watermark;
    l->clock.mono = loop_now(l->loop);
    if (!st)
        st = start_committer(l, err);
    if (!st)
        st = revival_begin(&l->revival, committer_intake(l->committer),
                           slice_str(l->run), err);
    if (!st)
        st = notify_start(l->notify, l->loop, err);
    if (!st)
        st = start_signals(l, err);
    if (!st)
        st = start_httpd(l, err);
    if (!st)
        st = prober_start(
            l->loop, &l->config->probe, committer_intake(l->committer), seed,
            (size_t)l->config->limits.string_bytes, &l->prober, err);
    if (!st)
        st = start_docker(l, err);
    if (st)
        return st;
    /* What was read back waits for a tick: the state is to be whole at once. */
    on_tick(l);
    loop_timer_start(l->loop, &l->ticker, TICK_EVERY, TICK_EVERY, on_tick, l);
    log_info(loop_wall(l->loop),
             "bladewatch %s listens on http://%s, "
             "journal in %s",
             BW_VERSION, httpd_address(l->httpd), l->config->data);
    if (!l->config->nrule_paths)
        log_warn(loop_wall(l->loop),
                 "no rules: nothing is alerted and nothing revived; they are "
                 "named as in --rules rules/");
    return ST_OK;
}

static void stop(struct live *l)
{
    docker_stop(l->docker);
    prober_stop(l->prober);
    if (l->httpd)
        httpd_stop(l->httpd);
    loop_timer_stop(&l->ticker);
    loop_signal_stop(&l->on_int);
    loop_signal_stop(&l->on_term);
    loop_signal_stop(&l->on_hup);
    notify_stop(l->notify);
    if (l->loop) { /* what it writes is to end */
        loop_stop(l->loop);
        loop_run(l->loop);
    }
    notify_free(l->notify);
    committer_free(l->committer);
    revival_release(&l->revival);
    docker_free(l->docker);
    prober_free(l->prober);
    httpd_free(l->httpd);
    journal_close(l->journal);
    registry_free(l->registry);
    core_free(l->core);
    reload_release(&l->reload);
    zones_release(&l->zones);
    if (l->loop)
        loop_free(l->loop);
}

enum status live_run(const struct config *config, struct err *err)
{
    struct live l = {
        .config = config,
        .revival = { .enabled = config->revive, .dry_run = config->dry_run },
    };
    enum status st;

    signal(SIGHUP, SIG_IGN); /* until there are rules to read anew */
    st = start(&l, err);

    if (!st)
        loop_run(l.loop);
    stop(&l);
    return st;
}
