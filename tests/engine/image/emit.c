/*
 * emit RATE SIZE SECONDS - numbered JSON lines of SIZE bytes, RATE a second
 * (0: as fast as it goes); at the end DONE and how many, on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    double rate = argc > 1 ? atof(argv[1]) : 1;
    int size = argc > 2 ? atoi(argv[2]) : 100;
    double seconds = argc > 3 ? atof(argv[3]) : 1;
    double from = now(), t;
    long n = 0;
    char *pad;

    size = size > 30 ? size - 20 : 10;
    pad = malloc((size_t)size + 1);
    if (!pad)
        return 1;
    memset(pad, 'x', (size_t)size);
    pad[size] = '\0';
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    while ((t = now() - from) < seconds) {
        while (rate == 0 || (double)n < t * rate) {
            printf("{\"n\":%ld,\"p\":\"%s\"}\n", ++n, pad);
            if (rate == 0 && n % 1000 == 0)
                break;
        }
        if (rate > 0) {
            struct timespec nap = { 0, 2000000 };

            nanosleep(&nap, NULL);
        }
    }
    fflush(stdout);
    fprintf(stderr, "DONE %ld\n", n);
    return 0;
}
