#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void figure(struct metrics *m, const char *name, const char *help,
            uint64_t value)
{
    size_t n = strlen(name);
    bool counter = n > 6 && strcmp(name + n - 6, "_total") == 0;

    metrics_family(m, name, counter ? "counter" : "gauge", help);
    metrics_u64(m, value);
}

void figures_core(const struct core *core, struct metrics *m)
{
    struct core_stats s = core_stats(core);

    figure(m, "bladewatch_lines_total", "Lines taken in.", s.lines);
    figure(m, "bladewatch_shards_merged_total",
           "Shards released into the state.", s.merged);
    figure(m, "bladewatch_duplicates_total", "Lines that had been seen before.",
           s.duplicates);
    figure(m, "bladewatch_late_total", "Lines that came below the watermark.",
           s.late);
    figure(m, "bladewatch_not_json_total",
           "Lines that were no JSON and became msg.", s.not_json);
    figure(m, "bladewatch_refused_total",
           "Parts of shards beyond a limit or a scope.", s.refused);
    figure(m, "bladewatch_unknown_instructions_total",
           "Instructions in shards that are none, or lack what they want.",
           s.not_known);
    figure(m, "bladewatch_oversize_total",
           "Lines longer than the limit of a shard.", s.oversize);
    figure(m, "bladewatch_lost_lines_total", "Lines declared as lost.", s.lost);
    figure(m, "bladewatch_state_nodes", "Nodes in the state.", s.nodes);
    figure(m, "bladewatch_waiting_shards", "Shards in the reorder buffer.",
           s.waiting);
    figure(m, "bladewatch_waiting_bytes", "Memory of shards not yet merged.",
           s.waiting_bytes);
    metrics_family(m, "bladewatch_watermark_timestamp_seconds", "gauge",
                   "Log time: every earlier shard has been merged.");
    metrics_double(m, (double)s.watermark / 1e9);
}

void figures_journal(const struct journal *journal,
                     const struct committer *committer, struct metrics *m)
{
    struct journal_stats s = journal_stats(journal);
    struct committer_stats c = committer_stats(committer);

    figure(m, "bladewatch_journal_written_bytes_total",
           "Bytes written to the journal.", s.bytes);
    figure(m, "bladewatch_journal_commits_total", "Group commits written.",
           s.batches);
    figure(m, "bladewatch_journal_syncs_total", "fdatasync calls.", s.syncs);
    figure(m, "bladewatch_journal_failures_total",
           "Writes or syncs that failed.", s.failures);
    figure(m, "bladewatch_journal_segments", "Files of the journal.",
           s.segments);
    figure(m, "bladewatch_journal_healthy",
           "1 while the journal can be written.",
           committer_trouble(committer) == NULL);
    figure(m, "bladewatch_discarded_lines_total",
           "Lines given back to their source after a failed write.",
           c.discarded);
}

/* 0: not known. */
static uint64_t resident_pages(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    char line[128] = "", *second;

    if (!f)
        return 0;
    if (!fgets(line, sizeof(line), f))
        *line = '\0';
    fclose(f);
    second = strchr(line, ' ');
    return second ? strtoul(second, NULL, 10) : 0;
}

void figures_process(nsec started_at, struct metrics *m)
{
    struct rusage use;

    figure(m, "process_resident_memory_bytes", "Resident memory.",
           resident_pages() * (uint64_t)sysconf(_SC_PAGESIZE));
    getrusage(RUSAGE_SELF, &use);
    metrics_family(m, "process_cpu_seconds_total", "counter",
                   "User and system CPU time.");
    metrics_double(
        m, (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
               (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
    metrics_family(m, "process_start_time_seconds", "gauge",
                   "When the process started.");
    metrics_double(m, (double)started_at / 1e9);
    metrics_family(m, "bladewatch_build_info", "gauge",
                   "Always 1; the label tells the version.");
    metrics_label_u64(
        m, (struct slice[]){ slice_str("version"), slice_str(BW_VERSION) }, 1,
        1);
}
