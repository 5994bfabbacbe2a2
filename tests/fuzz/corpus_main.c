/*
 * corpus_main.c - a plain main for a fuzz target: runs every file of the
 * directories and files it is given, so that a fixed crash stays fixed under
 * any compiler.
 *
 * Exit: 0 all ran, 1 an argument cannot be read.  A crash is a crash.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int run_file(const char *path, long size)
{
    /* Exactly as large as the input: a byte too far is seen. */
    uint8_t *data = malloc(size ? (size_t)size : 1);
    FILE *f = fopen(path, "rb");
    int bad = !data || !f || fread(data, 1, (size_t)size, f) != (size_t)size;

    if (bad)
        perror(path);
    else
        (void)LLVMFuzzerTestOneInput(data, (size_t)size);
    if (f)
        fclose(f);
    free(data);
    return bad;
}

static int run_path(const char *path, int *ran);

static int run_directory(const char *path, int *ran)
{
    struct dirent **entries;
    int bad = 0, n = scandir(path, &entries, NULL, alphasort);

    if (n < 0) {
        perror(path);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char name[4096];

        if (entries[i]->d_name[0] != '.') {
            snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
            bad |= run_path(name, ran);
        }
        free(entries[i]);
    }
    free(entries);
    return bad;
}

static int run_path(const char *path, int *ran)
{
    struct stat st;

    if (stat(path, &st)) {
        perror(path);
        return 1;
    }
    if (S_ISDIR(st.st_mode))
        return run_directory(path, ran);
    ++*ran;
    return run_file(path, (long)st.st_size);
}

int main(int argc, char **argv)
{
    int bad = 0, ran = 0;

    for (int i = 1; i < argc; i++)
        bad |= run_path(argv[i], &ran);
    printf("%d inputs ran\n", ran);
    return bad || !ran;
}
