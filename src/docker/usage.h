/*
 * usage.h - what a container uses, by the rules of `docker stats`.
 *
 * Pure.  An answer of GET /containers/{id}/stats holds counters since the
 * container's start; how much of the CPUs it takes is the difference of two
 * answers.  What is missing, null or of another type is 0: cgroup v1 and v2,
 * podman and a stopped container each leave out other things.
 */
#ifndef DOCKER_USAGE_H
#define DOCKER_USAGE_H

#include "base/buf.h"
#include "base/instant.h"
#include "data/tape.h"

#include <stdbool.h>
#include <stdint.h>

/* All-zero: nothing was read. */
struct usage {
    nsec at;         /* of the reading; 0: it did not run */
    nsec started_at; /* the life that was read, as inspect says */
    uint64_t cpu, cpu_user, cpu_system; /* nanoseconds */
    uint64_t cpu_all;                   /* of the whole machine; 0: not told */
    uint64_t cpus;
    uint64_t periods, throttled_periods, throttled; /* of a CPU limit */
    uint64_t memory;                                /* with the page cache */
    uint64_t memory_used, memory_limit;
    uint64_t net_rx, net_tx, blk_read, blk_write;
    uint64_t pids;
    bool has_cpu_percent; /* there is a sample of the same life before it */
    double cpu_percent;   /* 100: one CPU */
};

/*
 * Reads an answer about the life that began at started_at.  before: the last
 * one; all-zero if there is none.
 */
struct usage usage_read(const struct tape *t, nsec started_at,
                        const struct usage *before);
double usage_memory_percent(const struct usage *u);

/* "cpuPercent":75.6,"memUsage":552960,...: members of the state's stats.
 * cpuPercent is left out where it is not known. */
void usage_members(const struct usage *u, struct buf *out);
/* The object {"cpu":"75.60%","mem":"540KiB / 23.49GiB",...}: the columns of
 * `docker stats`, to the letter. */
void usage_text(const struct usage *u, struct buf *out);

#endif
