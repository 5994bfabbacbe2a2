/*
 * bwtime - run a program and say what it cost.
 *
 *   bwtime OUT PROGRAM ARG...
 *
 * Appends one line of JSON to the file OUT: exit status, user and system
 * time and elapsed time in seconds, peak memory in KiB.  The kernel counts
 * a process' peak from its fork, so what forks must itself be small: a
 * measuring script would put its own size under every result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int report(const char *path, int status, double wall,
                  const struct rusage *use)
{
    FILE *f = fopen(path, "a");

    if (!f) {
        perror(path);
        return 1;
    }
    fprintf(f,
            "{\"exit\":%d,\"user\":%.6f,\"sys\":%.6f,\"wall\":%.6f,"
            "\"rss_kib\":%ld}\n",
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            seconds(use->ru_utime), seconds(use->ru_stime), wall,
            use->ru_maxrss);
    return fclose(f) ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct rusage use;
    int status;
    double start;
    pid_t pid;

    if (argc < 3) {
        fputs("usage: bwtime OUT PROGRAM ARG...\n", stderr);
        return 2;
    }
    start = now();
    pid = fork();
    if (pid < 0) {
        perror("fork");
        return 1;
    }
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    while (wait4(pid, &status, 0, &use) < 0)
        ;
    return report(argv[1], status, now() - start, &use);
}
