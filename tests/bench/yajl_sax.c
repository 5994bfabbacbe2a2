/*
 * yajl_sax - what yajl alone costs: every line of a file is parsed with
 * empty callbacks, one handle, numbers as text, the newline fed with its
 * line.  Nothing is kept.  Prints lines and values, so that the work is seen
 * to be done.
 *
 *   yajl_sax FILE
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#define BLOCK (1 << 20)

static uint64_t values;

static int on_null(void *arg)
{
    (void)arg;
    values++;
    return 1;
}

static int on_boolean(void *arg, int value)
{
    (void)arg;
    (void)value;
    values++;
    return 1;
}

static int on_text(void *arg, const unsigned char *p, size_t n)
{
    (void)arg;
    (void)p;
    (void)n;
    values++;
    return 1;
}

static int on_number(void *arg, const char *p, size_t n)
{
    (void)arg;
    (void)p;
    (void)n;
    values++;
    return 1;
}

static int on_edge(void *arg)
{
    (void)arg;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_text,
    .yajl_start_map = on_edge,
    .yajl_map_key = on_text,
    .yajl_end_map = on_edge,
    .yajl_start_array = on_edge,
    .yajl_end_array = on_edge,
};

static yajl_handle open_handle(void)
{
    yajl_handle h = yajl_alloc(&callbacks, NULL, NULL);

    yajl_config(h, yajl_allow_multiple_values, 1);
    return h;
}

static uint64_t parse(int fd)
{
    static unsigned char block[BLOCK];
    yajl_handle h = open_handle();
    uint64_t lines = 0;
    size_t have = 0;
    ssize_t got;

    while ((got = read(fd, block + have, BLOCK - have)) > 0) {
        unsigned char *p = block, *end = block + have + got, *nl;

        while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
            if (yajl_parse(h, p, (size_t)(nl + 1 - p)) != yajl_status_ok) {
                yajl_free(h);
                h = open_handle();
            }
            lines++;
            p = nl + 1;
        }
        have = (size_t)(end - p);
        memmove(block, p, have);
    }
    yajl_free(h);
    return lines;
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    uint64_t lines;

    if (fd < 0) {
        fputs("usage: yajl_sax FILE\n", stderr);
        return 2;
    }
    lines = parse(fd);
    close(fd);
    printf("%ju lines, %ju values\n", (uintmax_t)lines, (uintmax_t)values);
    return 0;
}
