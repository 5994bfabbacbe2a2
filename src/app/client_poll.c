#include "client.h"

#include "app/asking.h"

#include <signal.h>

#define ANSWER_FOR (10 * NSEC_SEC)

struct poller {
    struct client c;
    const struct client_poll *poll;
    struct loop_signal on_size, on_suspend;
    struct buf first;  /* the page, while the other is asked for */
    struct buf beside; /* the address of the other */
};

static void ask_again(void *arg);

static void wait_to_ask(struct poller *p)
{
    if (!p->poll->every)
        client_finish(&p->c, ST_OK);
    else
        loop_timer_start(p->c.loop, &p->c.timer, p->poll->every, 0, ask_again,
                         p);
}

static void take_pages(struct poller *p, struct slice beside)
{
    enum status st =
        p->poll->answer(p->poll->self, buf_view(&p->first), beside, p->c.err);

    p->c.connected = true;
    if (st == ST_OK)
        wait_to_ask(p);
    else
        client_finish(&p->c, st == ST_END ? ST_OK : st);
}

static void on_failure(struct poller *p, const struct http_end *end)
{
    struct err why = { 0 };

    client_explain(&p->c, end, &why);
    if (client_may_pass(&p->c, end)) {
        p->poll->lost(p->poll->self, &why);
        wait_to_ask(p);
        return;
    }
    *p->c.err = why;
    client_finish(&p->c, ST_IO);
}

static void ask_for(struct poller *p, struct buf *url,
                    void (*on_end)(void *self, const struct http_end *end))
{
    struct http_ask get = {
        .url = buf_cstr(url),
        .bearer = p->c.secret,
        .connect_for = ASK_CONNECT_FOR,
        .total_for = ANSWER_FOR,
        .body_max = ASK_PIECE_MAX,
        .self = p,
        .on_end = on_end,
    };
    enum status st = http_ask(p->c.http, &get, &p->c.request, p->c.err);

    if (st)
        client_finish(&p->c, st);
}

/* That it is refused, or not there, is no failure. */
static void on_beside_end(void *self, const struct http_end *end)
{
    struct poller *p = self;

    p->c.request = NULL;
    if (end->status != ST_OK)
        on_failure(p, end);
    else
        take_pages(p, end->head.code < 300 ? end->body : slice_of("", 0));
}

static void on_page_end(void *self, const struct http_end *end)
{
    struct poller *p = self;

    p->c.request = NULL;
    if (end->status != ST_OK || end->head.code >= 300) {
        on_failure(p, end);
        return;
    }
    buf_reset(&p->first);
    buf_slice(&p->first, end->body);
    if (p->poll->beside)
        ask_for(p, &p->beside, on_beside_end);
    else
        take_pages(p, slice_of("", 0));
}

static void ask_again(void *arg)
{
    struct poller *p = arg;

    ask_for(p, &p->c.url, on_page_end);
}

static void on_signal(void *arg, int signum)
{
    const struct client_poll *poll = ((struct poller *)arg)->poll;

    poll->signalled(poll->self, signum);
}

static enum status begin(struct poller *p)
{
    enum status st = client_heed_signals(&p->c);

    if (st == ST_OK)
        st = loop_signal_start(p->c.loop, &p->on_size, SIGWINCH, on_signal, p,
                               p->c.err);
    if (st == ST_OK)
        st = loop_signal_start(p->c.loop, &p->on_suspend, SIGTSTP, on_signal, p,
                               p->c.err);
    if (st)
        return st;
    ask_again(p);
    loop_run(p->c.loop);
    return p->c.status;
}

enum status client_poll(const struct client_options *options, const char *page,
                        const struct client_poll *poll, struct err *err)
{
    struct poller p = { .c = { .options = options, .err = err, .page = true },
                        .poll = poll };
    enum status st = client_open(&p.c, page);

    buf_init(&p.first, BUF_NO_CAP);
    buf_init(&p.beside, BUF_NO_CAP);
    if (poll->beside)
        buf_printf(&p.beside, "%s%s", buf_cstr(&p.c.base), poll->beside);
    if (st == ST_OK)
        st = begin(&p);
    loop_signal_stop(&p.on_size);
    loop_signal_stop(&p.on_suspend);
    buf_release(&p.first);
    buf_release(&p.beside);
    client_close(&p.c);
    return st;
}
