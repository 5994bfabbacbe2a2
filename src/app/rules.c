#include "rules.h"

#include "base/alloc.h"
#include "data/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void app_rules_release(struct app_rules *rules)
{
    size_t i;

    if (!rules)
        return;
    for (i = 0; i < rules->n; i++) {
        free((char *)rules->file[i].name.p);
        free((char *)rules->file[i].text.p);
    }
    free(rules->file);
    *rules = (struct app_rules){ 0 };
}

static enum status failed(const char *path, struct err *err)
{
    int e = errno;

    err_set(err, "cannot read %.300s: %s", path, strerror(e));
    return e == ENOENT || e == ENOTDIR ? ST_NONE
           : e == EACCES || e == EPERM ? ST_DENIED
                                       : ST_IO;
}

/* A byte more than may be: the loader then says that it is too large. */
static enum status read_text(int fd, const char *path, struct slice *ret,
                             struct err *err)
{
    size_t room = YAML_BYTES_MAX + 1, n = 0;
    char *text = xmalloc(room);
    ssize_t got;

    do {
        got = read(fd, text + n, room - n);
        if (got < 0 && errno != EINTR) {
            free(text);
            return failed(path, err);
        }
        n += got > 0 ? (size_t)got : 0;
    } while (n < room && got != 0);
    *ret = slice_of(xrealloc(text, n ? n : 1), n);
    return ST_OK;
}

static enum status add_text(struct app_rules *rules, const char *name,
                            struct slice text, struct err *err)
{
    if (rules->n == APP_RULES_FILES_MAX ||
        rules->bytes + text.n > RULE_FILES_BYTES_MAX) {
        free((char *)text.p);
        err_set(err, "more than %d rule files or %zu bytes of them",
                APP_RULES_FILES_MAX, RULE_FILES_BYTES_MAX);
        return ST_LIMIT;
    }
    rules->file = xrealloc(rules->file, (rules->n + 1) * sizeof(*rules->file));
    rules->file[rules->n++] =
        (struct rule_file){ slice_str(xstrdup(name)), text };
    rules->bytes += text.n;
    return ST_OK;
}

static enum status read_open(struct app_rules *rules, int fd, const char *name,
                             struct err *err)
{
    struct slice text;
    enum status st = read_text(fd, name, &text, err);

    return st ? st : add_text(rules, name, text, err);
}

static enum status read_file(struct app_rules *rules, const char *path,
                             struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum status st;

    if (fd < 0)
        return failed(path, err);
    st = read_open(rules, fd, path, err);
    close(fd);
    return st;
}

static int is_rule_name(const struct dirent *entry)
{
    static const char *const ends[] = { ".yaml", ".yml", ".json" };
    const char *dot = strrchr(entry->d_name, '.');
    size_t i;

    if (!dot || *entry->d_name == '.')
        return 0;
    for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (strcmp(dot, ends[i]) == 0)
            return 1;
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum status read_entry(struct app_rules *rules, const char *directory,
                              const char *name, struct err *err)
{
    size_t n = strlen(directory);
    struct stat about;
    enum status st = ST_OK;
    struct buf path;

    buf_init(&path, BUF_NO_CAP);
    buf_str(&path, directory);
    if (n == 0 || directory[n - 1] != '/')
        buf_char(&path, '/');
    buf_str(&path, name);
    if (stat(buf_cstr(&path), &about))
        st = failed(buf_cstr(&path), err);
    else if (S_ISREG(about.st_mode))
        st = read_file(rules, buf_cstr(&path), err);
    buf_release(&path);
    return st;
}

static enum status read_directory(struct app_rules *rules, const char *path,
                                  struct err *err)
{
    struct dirent **entry;
    enum status st = ST_OK;
    size_t before = rules->n;
    int i, n = scandir(path, &entry, is_rule_name, by_name);

    if (n < 0)
        return failed(path, err);
    for (i = 0; i < n; i++) {
        if (st == ST_OK)
            st = read_entry(rules, path, entry[i]->d_name, err);
        free(entry[i]);
    }
    free(entry);
    if (st == ST_OK && rules->n == before) {
        err_set(err, "there is no *.yaml, *.yml or *.json in %.300s", path);
        return ST_NONE;
    }
    return st;
}

enum status app_rules_read(struct app_rules *rules, const char *path,
                           struct err *err)
{
    struct stat about;

    if (strcmp(path, "-") == 0)
        return read_open(rules, STDIN_FILENO, "<stdin>", err);
    if (stat(path, &about))
        return failed(path, err);
    if (S_ISDIR(about.st_mode))
        return read_directory(rules, path, err);
    return read_file(rules, path, err);
}
