#include "net/http.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_KEPT 8L
#define RETRY_AFTER_MAX  86400 /* seconds */

struct http {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer; /* curl's */
    struct loop_timer kick;  /* for what could not be done inside curl */
    struct http_request *requests;
    struct socket *sockets;
    /* curl may not be asked to add or remove from inside its callbacks. */
    int inside;
    bool untended; /* some request may need what tend_one() does */
};

struct socket {
    struct http *http;
    struct loop_poll poll;
    curl_socket_t fd;
    struct socket *next, **at;
};

struct http_request {
    struct http *http;
    struct http_request *next, **at;
    CURL *easy;
    bool added, cancelled, paused, resuming;
    bool headed;
    bool streaming; /* the body goes to on_body */
    bool too_big, late;
    struct http_ask ask;
    struct curl_slist *headers, *connect_to;
    struct http_head head;
    struct buf body;
    struct loop_timer head_timer;
};

static void tend(struct http *http);

static void on_kick(void *arg)
{
    tend(arg);
}

/* tend() at the next turn. */
static void kick(struct http *http)
{
    http->untended = true;
    loop_timer_start(http->loop, &http->kick, 0, 0, on_kick, http);
}

static void act(struct http *http, curl_socket_t fd, int what)
{
    int running;

    http->inside++;
    curl_multi_socket_action(http->multi, fd, what, &running);
    http->inside--;
    tend(http);
}

static void on_socket_ready(void *arg, int ready)
{
    struct socket *s = arg;

    act(s->http, s->fd,
        (ready & LOOP_READ ? CURL_CSELECT_IN : 0) |
            (ready & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_curl_timeout(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long msec, void *arg)
{
    struct http *http = arg;

    (void)multi;
    if (msec < 0)
        loop_timer_stop(&http->timer);
    else
        loop_timer_start(http->loop, &http->timer, msec * NSEC_MSEC, 0,
                         on_curl_timeout, http);
    return 0;
}

static void drop_socket(struct socket *s)
{
    loop_poll_stop(&s->poll);
    *s->at = s->next;
    if (s->next)
        s->next->at = s->at;
    free(s);
}

static struct socket *new_socket(struct http *http, curl_socket_t fd)
{
    struct socket *s = xcalloc(1, sizeof(*s));

    s->http = http;
    s->fd = fd;
    s->next = http->sockets;
    s->at = &http->sockets;
    if (s->next)
        s->next->at = &s->next;
    http->sockets = s;
    return s;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
                          void *data)
{
    struct http *http = arg;
    struct socket *s = data;
    int events = (what & CURL_POLL_IN ? LOOP_READ : 0) |
                 (what & CURL_POLL_OUT ? LOOP_WRITE : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            drop_socket(s);
        curl_multi_assign(http->multi, fd, NULL);
        return 0;
    }
    if (!s) {
        s = new_socket(http, fd);
        curl_multi_assign(http->multi, fd, s);
    }
    /* A paused request waits for nothing, not even for a hang-up. */
    if (!events) {
        loop_poll_stop(&s->poll);
        return 0;
    }
    if (loop_poll_start(http->loop, &s->poll, fd, events, on_socket_ready, s,
                        NULL))
        return -1;
    return 0;
}

enum status http_new(struct loop *loop, struct http **ret_http, struct err *err)
{
    static bool curl_ready;
    struct http *http;

    if (!curl_ready && curl_global_init(CURL_GLOBAL_ALL)) {
        err_set(err, "libcurl cannot be initialised");
        return ST_IO;
    }
    curl_ready = true;
    http = xcalloc(1, sizeof(*http));
    http->loop = loop;
    http->multi = curl_multi_init();
    if (!http->multi) {
        err_set(err, "libcurl cannot be initialised");
        free(http);
        return ST_IO;
    }
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    *ret_http = http;
    return ST_OK;
}

static void release_request(struct http_request *r)
{
    struct http *http = r->http;

    loop_timer_stop(&r->head_timer);
    *r->at = r->next;
    if (r->next)
        r->next->at = r->at;
    http->inside++;
    if (r->added)
        curl_multi_remove_handle(http->multi, r->easy);
    curl_easy_cleanup(r->easy);
    http->inside--;
    buf_release(&r->body);
    free((char *)r->ask.unix_path);
    free((char *)r->ask.url);
    curl_slist_free_all(r->headers);
    curl_slist_free_all(r->connect_to);
    free(r);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    assert(!http->inside);
    while (http->requests)
        release_request(http->requests);
    http->inside++;
    curl_multi_cleanup(http->multi);
    while (http->sockets)
        drop_socket(http->sockets);
    loop_timer_stop(&http->timer);
    loop_timer_stop(&http->kick);
    free(http);
}

static void copy_header(struct slice value, char to[HTTP_HEADER_MAX])
{
    size_t n = value.n < HTTP_HEADER_MAX ? value.n : HTTP_HEADER_MAX - 1;

    for (size_t i = 0; i < n; i++)
        to[i] = (char)tolower((unsigned char)value.p[i]);
    to[n] = '\0';
}

static bool is_header(struct slice line, const char *name,
                      struct slice *ret_value)
{
    size_t n = strlen(name);

    if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
        return false;
    line = slice_of(line.p + n + 1, line.n - n - 1);
    while (line.n && (*line.p == ' ' || *line.p == '\t'))
        line = slice_of(line.p + 1, line.n - 1);
    while (line.n && isspace((unsigned char)line.p[line.n - 1]))
        line.n--;
    *ret_value = line;
    return true;
}

static void end_of_head(struct http_request *r)
{
    curl_off_t wait = 0;
    long code = 0;

    curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &code);
    if (code < 200 || r->headed) /* 100 Continue; trailers */
        return;
    r->headed = true;
    r->head.code = (int)code;
    curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &wait);
    r->head.retry_after =
        wait < RETRY_AFTER_MAX ? wait * NSEC_SEC : RETRY_AFTER_MAX * NSEC_SEC;
    r->streaming = r->ask.on_body && code < 300;
    loop_timer_stop(&r->head_timer);
    if (r->ask.on_head)
        r->ask.on_head(r->ask.self, &r->head);
}

static size_t on_curl_header(char *p, size_t size, size_t n, void *arg)
{
    struct http_request *r = arg;
    struct slice line = slice_of(p, size * n);
    struct slice value;

    if (r->cancelled)
        return 0;
    if (is_header(line, "content-type", &value))
        copy_header(value, r->head.content_type);
    else if (is_header(line, "api-version", &value))
        copy_header(value, r->head.api_version);
    else if (line.n <= 2 && (line.n == 0 || *p == '\r' || *p == '\n'))
        end_of_head(r);
    return r->cancelled ? 0 : line.n;
}

static size_t on_curl_body(char *p, size_t size, size_t n, void *arg)
{
    struct http_request *r = arg;

    n *= size;
    if (r->cancelled)
        return 0;
    if (r->streaming) {
        r->ask.on_body(r->ask.self, slice_of(p, n));
        return r->cancelled ? 0 : n;
    }
    if (buf_add(&r->body, p, n)) {
        r->too_big = true;
        return 0;
    }
    return n;
}

static int on_curl_ready(void *arg, char *to, char *from, int to_port,
                         int from_port)
{
    struct http_request *r = arg;

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    return r->cancelled || !r->ask.may_send(r->ask.self) ? CURL_PREREQFUNC_ABORT
                                                         : CURL_PREREQFUNC_OK;
}

static void on_head_late(void *arg)
{
    struct http_request *r = arg;

    r->late = true;
    kick(r->http);
}

static char *copy_string(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

static void add_to_list(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer)
        abort();
    *list = longer;
}

static void add_header(struct http_request *r, const char *line)
{
    add_to_list(&r->headers, line);
}

static void set_content(struct http_request *r)
{
    char line[HTTP_HEADER_MAX + 16];

    curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)r->ask.content.n);
    curl_easy_setopt(r->easy, CURLOPT_COPYPOSTFIELDS,
                     r->ask.content.n ? r->ask.content.p : "");
    r->ask.content = (struct slice){ 0 };
    snprintf(line, sizeof(line), "Content-Type:%s%s",
             r->ask.content_type ? " " : "",
             r->ask.content_type ? r->ask.content_type : "");
    r->ask.content_type = NULL;
    add_header(r, line);
    add_header(r, "Expect:"); /* no waiting for 100 Continue */
}

static void set_headers(struct http_request *r)
{
    for (const char *const *h = r->ask.headers; h && *h; h++)
        add_header(r, *h);
    r->ask.headers = NULL;
    if (r->ask.post)
        set_content(r);
    curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
}

static void set_connection(struct http_request *r)
{
    CURL *e = r->easy;

    if (r->ask.unix_path)
        curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, r->ask.unix_path);
    if (r->ask.connect_to) {
        add_to_list(&r->connect_to, r->ask.connect_to);
        curl_easy_setopt(e, CURLOPT_CONNECT_TO, r->connect_to);
        r->ask.connect_to = NULL;
    }
    if (r->ask.fresh) {
        curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
    }
    if (r->ask.insecure) {
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (r->ask.connect_for)
        curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                         (long)(r->ask.connect_for / NSEC_MSEC));
    if (r->ask.total_for)
        curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
                         (long)(r->ask.total_for / NSEC_MSEC));
}

static void set_options(struct http_request *r)
{
    CURL *e = r->easy;

    curl_easy_setopt(e, CURLOPT_URL, r->ask.url);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    /* Else the end of a request waits for its name's look-up. */
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "bladewatch/" BW_VERSION);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_PRIVATE, r);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_curl_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_curl_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
    if (r->ask.bearer) {
        curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, r->ask.bearer);
        r->ask.bearer = NULL;
    }
    if (r->ask.may_send) {
        curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_curl_ready);
        curl_easy_setopt(e, CURLOPT_PREREQDATA, r);
    }
    set_headers(r);
    set_connection(r);
}

enum status http_ask(struct http *http, const struct http_ask *ask,
                     struct http_request **ret_request, struct err *err)
{
    CURL *easy = curl_easy_init();
    struct http_request *r;

    if (!easy) {
        err_set(err, "libcurl cannot make a request");
        return ST_IO;
    }
    r = xcalloc(1, sizeof(*r));
    r->http = http;
    r->easy = easy;
    r->ask = *ask;
    r->ask.unix_path = copy_string(ask->unix_path);
    r->ask.url = copy_string(ask->url);
    buf_init(&r->body, ask->body_max ? ask->body_max : HTTP_ERROR_BODY_MAX);
    set_options(r);
    r->next = http->requests;
    r->at = &http->requests;
    if (r->next)
        r->next->at = &r->next;
    http->requests = r;
    if (ask->head_for)
        loop_timer_start(http->loop, &r->head_timer, ask->head_for, 0,
                         on_head_late, r);
    kick(http);
    *ret_request = r;
    return ST_OK;
}

void http_cancel(struct http_request *r)
{
    if (!r)
        return;
    r->cancelled = true;
    if (r->http->inside)
        kick(r->http);
    else
        release_request(r);
}

void http_pause(struct http_request *r)
{
    r->resuming = false;
    if (r->paused)
        return;
    r->paused = true;
    curl_easy_pause(r->easy, CURLPAUSE_RECV);
}

/* Later: curl hands over what it kept from inside the call. */
void http_resume(struct http_request *r)
{
    if (!r->paused)
        return;
    r->resuming = true;
    kick(r->http);
}

static void unpause(struct http_request *r)
{
    struct http *http = r->http;

    r->paused = false;
    r->resuming = false;
    http->inside++;
    curl_easy_pause(r->easy, CURLPAUSE_CONT);
    http->inside--;
}

struct meaning {
    CURLcode rc;
    enum status status;
};

static const struct meaning meanings[] = {
    { CURLE_OK, ST_OK },
    { CURLE_ABORTED_BY_CALLBACK, ST_AGAIN },
    { CURLE_PARTIAL_FILE, ST_END },
    { CURLE_RECV_ERROR, ST_END },
    { CURLE_SEND_ERROR, ST_END },
    { CURLE_GOT_NOTHING, ST_END },
    { CURLE_COULDNT_CONNECT, ST_NONE },
    { CURLE_COULDNT_RESOLVE_HOST, ST_NONE },
    { CURLE_OPERATION_TIMEDOUT, ST_BUSY },
    { CURLE_WEIRD_SERVER_REPLY, ST_BAD },
    { CURLE_UNSUPPORTED_PROTOCOL, ST_BAD },
    { CURLE_URL_MALFORMAT, ST_BAD },
};

static enum status status_of(CURLcode rc, int os_errno)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
        if (meanings[i].rc != rc)
            continue;
        if (meanings[i].status == ST_NONE &&
            (os_errno == EACCES || os_errno == EPERM))
            return ST_DENIED;
        return meanings[i].status;
    }
    return ST_IO;
}

static void finish(struct http_request *r, CURLcode rc)
{
    struct http_end end = { .head = r->head, .body = buf_view(&r->body) };
    struct http_ask ask = r->ask;
    long os_errno = 0;

    curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &os_errno);
    end.os_errno = (int)os_errno;
    end.status = status_of(rc, end.os_errno);
    snprintf(end.text, sizeof(end.text), "%s",
             os_errno && end.status != ST_OK ? strerror(end.os_errno)
                                             : curl_easy_strerror(rc));
    if (r->too_big) {
        end.status = ST_LIMIT;
        snprintf(end.text, sizeof(end.text), "an answer of over %zu bytes",
                 r->body.cap);
    }
    if (r->late) {
        end.status = ST_BUSY;
        snprintf(end.text, sizeof(end.text), "no answer in time");
    }
    r->cancelled = true; /* a cancel from inside on_end finds it ending */
    r->http->inside++;
    ask.on_end(ask.self, &end);
    r->http->inside--;
    release_request(r);
}

/* One request that needs something; false if there is none. */
static bool tend_one(struct http *http)
{
    for (struct http_request *r = http->requests; r; r = r->next) {
        if (r->cancelled) {
            release_request(r);
            return true;
        }
        if (r->late) {
            finish(r, CURLE_OPERATION_TIMEDOUT);
            return true;
        }
        if (!r->added) {
            r->added = true;
            curl_multi_add_handle(http->multi, r->easy);
            return true;
        }
        if (r->resuming) {
            unpause(r);
            return true;
        }
    }
    http->untended = false;
    return false;
}

static bool finish_one(struct http *http)
{
    int left;
    CURLMsg *m = curl_multi_info_read(http->multi, &left);
    struct http_request *r;
    CURLcode rc;

    if (!m)
        return false;
    if (m->msg != CURLMSG_DONE)
        return true;
    rc = m->data.result;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&r);
    if (r->cancelled)
        release_request(r);
    else
        finish(r, rc);
    return true;
}

/* Does what could not be done while curl was at work. */
static void tend(struct http *http)
{
    if (http->inside)
        return;
    while (finish_one(http) || (http->untended && tend_one(http)))
        continue;
}
