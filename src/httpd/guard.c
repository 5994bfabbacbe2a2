#include "server.h"

#include "base/slice.h"

#include <string.h>
#include <strings.h>

#define BEARER "Bearer "

/* Takes as long for a wrong secret as for the right one. */
static bool same_secret(const char *given, const char *secret)
{
    size_t n = strlen(secret), m = strlen(given), i;
    unsigned char diff = n != m;

    for (i = 0; i < n; i++)
        diff |= (unsigned char)(secret[i] ^ given[m ? i % m : 0]);
    return diff == 0;
}

static const struct httpd_token *find_token(const struct httpd_config *c,
                                            const char *given)
{
    const struct httpd_token *found = NULL;
    size_t i;

    for (i = 0; i < c->ntokens; i++)
        if (same_secret(given, c->tokens[i].secret))
            found = &c->tokens[i];
    return found;
}

static bool is_granted(const struct httpd_config *c, unsigned right)
{
    size_t i;

    for (i = 0; i < c->ntokens; i++)
        if (c->tokens[i].may & right)
            return true;
    return false;
}

static const char *right_name(unsigned right)
{
    if (right == HTTPD_WRITE)
        return "writing logs";
    return right == HTTPD_READ ? "reading" : "acting";
}

static void check_token(struct request *req, unsigned right)
{
    const struct httpd *h = req->httpd;
    const char *given = MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND,
                                                    "Authorization");

    if (given && strncasecmp(given, BEARER, strlen(BEARER)) == 0)
        req->token = find_token(&h->config, given + strlen(BEARER));
    if (req->token && (req->token->may & right))
        return;
    if (!is_granted(&h->config, right)) {
        if (!h->endpoint.loopback && !h->config.allow_anonymous)
            answer_error(&req->answer, 403,
                         "no token is configured that allows %s",
                         right_name(right));
    } else if (req->token) {
        answer_error(&req->answer, 403, "this token does not allow %s",
                     right_name(right));
    } else {
        answer_error(&req->answer, 401,
                     "%s needs a token: send 'Authorization: Bearer ...'",
                     right_name(right));
        req->answer.challenge = true;
    }
}

/* The host part of a Host header, or of what follows :// in an Origin. */
static struct slice host_of(const char *text)
{
    const char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');

    if (end && *text == '[')
        end++;
    return end ? slice_of(text, (size_t)(end - text)) : slice_str(text);
}

static bool is_us(const struct httpd *h, struct slice host)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
    struct slice bound = host_of(h->address.p);
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (host.n == strlen(names[i]) &&
            strncasecmp(host.p, names[i], host.n) == 0)
            return true;
    return slice_eq(host, bound);
}

/*
 * Where nothing but "it comes from this host" protects us, a page in a
 * browser on this host must not speak for its user: neither under a name that
 * was bound to 127.0.0.1 (DNS rebinding) nor across origins.
 */
static void check_browser(struct request *req)
{
    const char *host, *origin, *p;

    host = MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, "Host");
    if (host && !is_us(req->httpd, host_of(host))) {
        answer_error(&req->answer, 403,
                     "the Host header names %.100s, not this host: use "
                     "localhost, or a token",
                     host);
        return;
    }
    origin = MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, "Origin");
    if (!origin)
        return;
    p = strstr(origin, "://");
    if (!p || !host || strcasecmp(p + 3, host) != 0)
        answer_error(&req->answer, 403,
                     "a page of another origin may not use this address");
}

void guard_check(struct request *req)
{
    const struct httpd *h = req->httpd;
    unsigned right = routes[req->route].right;

    if (right == 0)
        return;
    check_token(req, right);
    if (req->answer.code == 0 && !req->token && h->endpoint.loopback &&
        !h->config.allow_anonymous)
        check_browser(req);
}
