#include "docker/usage.h"

#include "docker/engine.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct counter {
    const char *path[3];
    size_t npath;
    size_t offset;
};

#define COUNTER(member, n, ...)                                                \
    {                                                                          \
        .path = { __VA_ARGS__ }, .npath = n,                                   \
        .offset = offsetof(struct usage, member)                               \
    }

static const struct counter counters[] = {
    COUNTER(cpu, 3, "cpu_stats", "cpu_usage", "total_usage"),
    COUNTER(cpu_user, 3, "cpu_stats", "cpu_usage", "usage_in_usermode"),
    COUNTER(cpu_system, 3, "cpu_stats", "cpu_usage", "usage_in_kernelmode"),
    COUNTER(cpu_all, 2, "cpu_stats", "system_cpu_usage"),
    COUNTER(cpus, 2, "cpu_stats", "online_cpus"),
    COUNTER(periods, 3, "cpu_stats", "throttling_data", "periods"),
    COUNTER(throttled_periods, 3, "cpu_stats", "throttling_data",
            "throttled_periods"),
    COUNTER(throttled, 3, "cpu_stats", "throttling_data", "throttled_time"),
    COUNTER(memory, 2, "memory_stats", "usage"),
    COUNTER(memory_limit, 2, "memory_stats", "limit"),
    COUNTER(pids, 2, "pids_stats", "current"),
};

static const char *const k_percpu[] = { "cpu_stats", "cpu_usage",
                                        "percpu_usage" };
static const char *const k_memory[] = { "memory_stats", "stats" };
static const char *const k_block[] = { "blkio_stats",
                                       "io_service_bytes_recursive" };

/* "No limit" may be a number that is too large. */
static uint64_t number(const struct tape *t, size_t at)
{
    struct slice s = { 0 };
    uint64_t v = 0;

    if (at && t->op[at].kind == TAPE_NUMBER)
        s = tape_text(&t->op[at]);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return UINT64_MAX;
    }
    return v;
}

static uint64_t length(const struct tape *t, size_t array)
{
    uint64_t n = 0;

    if (!array || t->op[array].kind != TAPE_ARRAY)
        return 0;
    for (size_t i = array + 1; i < t->op[array].end; i = tape_next(t, i))
        n++;
    return n;
}

static void read_counters(struct usage *u, const struct tape *t)
{
    for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
        const struct counter *c = &counters[i];
        uint64_t v = number(t, tape_at(t, c->path, c->npath));

        memcpy((char *)u + c->offset, &v, sizeof(v));
    }
    if (!u->cpus)
        u->cpus = length(t, tape_at(t, k_percpu, 3));
}

/* Without the part of the page cache that is easily given back. */
static void read_memory(struct usage *u, const struct tape *t)
{
    size_t stats = tape_at(t, k_memory, 2);
    size_t v1 = stats ? tape_find(t, stats, "total_inactive_file") : 0;
    size_t v2 = stats ? tape_find(t, stats, "inactive_file") : 0;

    u->memory_used = u->memory;
    if (v1 && number(t, v1) < u->memory)
        u->memory_used -= number(t, v1);
    else if (number(t, v2) < u->memory)
        u->memory_used -= number(t, v2);
}

static void read_networks(struct usage *u, const struct tape *t)
{
    size_t all = tape_find(t, 0, "networks");

    if (!all || t->op[all].kind != TAPE_OBJECT)
        return;
    for (size_t i = all + 1; i < t->op[all].end; i = t->op[i].end) {
        if (t->op[i].flags & TAPE_DEAD)
            continue;
        u->net_rx += number(t, tape_find(t, i + 1, "rx_bytes"));
        u->net_tx += number(t, tape_find(t, i + 1, "tx_bytes"));
    }
}

/* Only the first letter of an op is asked: "Read" of v1 is "read" of v2. */
static void read_block(struct usage *u, const struct tape *t)
{
    size_t all = tape_at(t, k_block, 2);

    if (!all || t->op[all].kind != TAPE_ARRAY)
        return;
    for (size_t i = all + 1; i < t->op[all].end; i = tape_next(t, i)) {
        struct slice op = tape_string(t, tape_find(t, i, "op"));
        uint64_t v = number(t, tape_find(t, i, "value"));

        if (op.n && (*op.p == 'r' || *op.p == 'R'))
            u->blk_read += v;
        else if (op.n && (*op.p == 'w' || *op.p == 'W'))
            u->blk_write += v;
    }
}

/*
 * The time of all CPUs, busy or idle.  Podman, which spells "Id", tells the
 * busy part alone, of which a lone spinner has all; counted here since the
 * life began, as only the difference matters.
 */
static void read_machine(struct usage *u, const struct tape *t)
{
    if (tape_find(t, 0, "Id"))
        u->cpu_all = u->at > u->started_at
                         ? (uint64_t)(u->at - u->started_at) * u->cpus
                         : 0;
}

/* Of two readings of one life; what went back belongs to another. */
static void compare(struct usage *u, const struct usage *before)
{
    if (!before->at || u->started_at != before->started_at || !u->cpu_all ||
        !before->cpu_all || u->cpu < before->cpu ||
        u->cpu_all < before->cpu_all)
        return;
    u->has_cpu_percent = true;
    if (u->cpu_all > before->cpu_all)
        u->cpu_percent = (double)(u->cpu - before->cpu) /
                         (double)(u->cpu_all - before->cpu_all) *
                         (double)u->cpus * 100.0;
}

struct usage usage_read(const struct tape *t, nsec started_at,
                        const struct usage *before)
{
    struct usage u = { .started_at = started_at };

    /* The year 1, which is no instant here, is the engine's way to say that
     * the container does not run. */
    if (instant_parse(tape_string(t, tape_find(t, 0, "read")), &u.at) ||
        u.at <= 0)
        return (struct usage){ 0 };
    read_counters(&u, t);
    read_machine(&u, t);
    read_memory(&u, t);
    read_networks(&u, t);
    read_block(&u, t);
    compare(&u, before);
    return u;
}

double usage_memory_percent(const struct usage *u)
{
    return u->memory_limit
               ? (double)u->memory_used / (double)u->memory_limit * 100.0
               : 0.0;
}

/* -- in the state --------------------------------------------------------- */

static void percent_member(struct buf *out, const char *key, double percent)
{
    buf_printf(out, "\"%s\":%.15g,", key, round(percent * 100) / 100);
}

void usage_members(const struct usage *u, struct buf *out)
{
    const struct {
        const char *key;
        uint64_t value;
    } members[] = {
        { "memUsage", u->memory_used },
        { "memLimit", u->memory_limit },
        { "netRx", u->net_rx },
        { "netTx", u->net_tx },
        { "blkRead", u->blk_read },
        { "blkWrite", u->blk_write },
        { "pids", u->pids },
    };

    if (u->has_cpu_percent)
        percent_member(out, "cpuPercent", u->cpu_percent);
    percent_member(out, "memPercent", usage_memory_percent(u));
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "", members[i].key);
        buf_u64(out, members[i].value);
    }
}

/* -- as `docker stats` writes it ------------------------------------------ */

static void size_text(struct buf *out, uint64_t bytes, double base)
{
    static const char *const thousands[] = { "B",  "kB", "MB", "GB",
                                             "TB", "PB", "EB" };
    static const char *const binary[] = { "B",   "KiB", "MiB", "GiB",
                                          "TiB", "PiB", "EiB" };
    double size = (double)bytes;
    size_t unit = 0;

    while (size >= base) {
        size /= base;
        unit++;
    }
    if (base > 1000)
        buf_printf(out, "%.4g%s", size, binary[unit]);
    else
        buf_printf(out, "%.3g%s", size, thousands[unit]);
}

static void pair_text(struct buf *out, const char *key, double base, uint64_t a,
                      uint64_t b)
{
    buf_printf(out, ",\"%s\":\"", key);
    size_text(out, a, base);
    buf_str(out, " / ");
    size_text(out, b, base);
    buf_char(out, '"');
}

void usage_text(const struct usage *u, struct buf *out)
{
    if (u->has_cpu_percent)
        buf_printf(out, "{\"cpu\":\"%.2f%%\"", u->cpu_percent);
    else
        buf_str(out, "{\"cpu\":\"--\"");
    pair_text(out, "mem", 1024, u->memory_used, u->memory_limit);
    buf_printf(out, ",\"memPercent\":\"%.2f%%\"", usage_memory_percent(u));
    pair_text(out, "net", 1000, u->net_rx, u->net_tx);
    pair_text(out, "blk", 1000, u->blk_read, u->blk_write);
    buf_str(out, ",\"pids\":\"");
    buf_u64(out, u->pids);
    buf_str(out, "\"}");
}
