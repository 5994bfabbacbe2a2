#include "notify/token.h"

#include "base/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum status trim(const char *path, struct slice s,
                        char ret_token[TOKEN_MAX + 1], struct err *err)
{
    size_t i;

    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    for (; s.n && is_blank(*s.p); s.n--)
        s.p++;
    for (i = 0; i < s.n && s.p[i] > ' ' && s.p[i] <= '~'; i++)
        continue;
    if (s.n == 0 || i < s.n || s.n > TOKEN_MAX) {
        err_set(err,
                "%s must hold one secret of visible ASCII, at most %d bytes",
                path, TOKEN_MAX);
        return ST_BAD;
    }
    memcpy(ret_token, s.p, s.n);
    ret_token[s.n] = '\0';
    return ST_OK;
}

enum status token_read(const char *path, char ret_token[TOKEN_MAX + 1],
                       struct err *err)
{
    char bytes[TOKEN_MAX + 64];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
    enum status st = ST_IO;

    if (n < 0)
        err_set(err, "%s cannot be read: %s", path, strerror(errno));
    else
        st = trim(path, slice_of(bytes, (size_t)n), ret_token, err);
    if (fd >= 0)
        close(fd);
    explicit_bzero(bytes, sizeof(bytes));
    return st;
}
