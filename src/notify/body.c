#include "notify/body.h"

#include "data/json.h"

#include <inttypes.h>

static void add_key(struct buf *out, const char *key)
{
    if (out->p[out->n - 1] != '{')
        buf_char(out, ',');
    buf_printf(out, "\"%s\":", key);
}

static void add_text(struct buf *out, const char *key, struct slice value)
{
    add_key(out, key);
    json_string(value, out);
}

static void add_instant(struct buf *out, const char *key, nsec at)
{
    char text[INSTANT_TEXT];

    instant_format(at, text);
    add_text(out, key, slice_str(text));
}

static void add_pair(struct buf *out, const struct notice_pair *pair)
{
    if (out->p[out->n - 1] != '{')
        buf_char(out, ',');
    json_string(pair->name, out);
    buf_char(out, ':');
    json_string(pair->value, out);
}

static void add_pairs(struct buf *out, const char *key,
                      const struct notice_pair *pair, size_t n)
{
    size_t i;

    add_key(out, key);
    buf_char(out, '{');
    for (i = 0; i < n; i++)
        add_pair(out, &pair[i]);
    buf_char(out, '}');
}

typedef void add_alert(const struct body_about *about, const struct alert *a,
                       struct buf *out);

static size_t add_alerts(const struct body_about *about,
                         struct alert *const *alert, size_t n, add_alert *add,
                         struct buf *out)
{
    size_t i, before;

    buf_char(out, '[');
    for (i = 0; i < n && i < BODY_ALERTS_MAX; i++) {
        before = out->n;
        if (i)
            buf_char(out, ',');
        add(about, alert[i], out);
        if (i && out->n > BODY_BYTES_MAX) {
            out->n = before;
            break;
        }
    }
    buf_char(out, ']');
    return i;
}

static struct slice external_url(const struct body_about *about)
{
    return slice_str(about->external_url ? about->external_url : "");
}

/* While it fires Alertmanager says the zero of Go's clock. */
static void add_end(const struct alert *a, struct buf *out)
{
    if (a->firing)
        add_text(out, "endsAt", slice_str("0001-01-01T00:00:00Z"));
    else
        add_instant(out, "endsAt", a->ends_at);
}

static void add_webhook_alert(const struct body_about *about,
                              const struct alert *a, struct buf *out)
{
    buf_char(out, '{');
    add_pairs(out, "annotations", a->annotation, a->nannotations);
    add_end(a, out);
    add_key(out, "fingerprint");
    buf_printf(out, "\"%016" PRIx64 "\"", a->fingerprint);
    add_text(out, "generatorURL", external_url(about));
    add_text(out, "id", a->id);
    add_pairs(out, "labels", a->label, a->nlabels);
    add_instant(out, "startsAt", a->starts_at);
    add_text(out, "status", slice_str(a->firing ? "firing" : "resolved"));
    buf_char(out, '}');
}

struct pairs {
    const struct notice_pair *pair;
    size_t n;
};

static struct pairs labels_of(const struct alert *a)
{
    return (struct pairs){ a->label, a->nlabels };
}

static struct pairs annotations_of(const struct alert *a)
{
    return (struct pairs){ a->annotation, a->nannotations };
}

static bool has_pair(struct pairs pairs, const struct notice_pair *wanted)
{
    size_t i;

    for (i = 0; i < pairs.n; i++)
        if (slice_eq(pairs.pair[i].name, wanted->name))
            return slice_eq(pairs.pair[i].value, wanted->value);
    return false;
}

/* What all have in common. */
static void add_common(struct buf *out, const char *key,
                       struct alert *const *alert, size_t n,
                       struct pairs (*pairs_of)(const struct alert *a))
{
    struct pairs first = pairs_of(alert[0]);
    size_t i, j;

    add_key(out, key);
    buf_char(out, '{');
    for (i = 0; i < first.n; i++) {
        for (j = 1; j < n; j++)
            if (!has_pair(pairs_of(alert[j]), &first.pair[i]))
                break;
        if (j == n)
            add_pair(out, &first.pair[i]);
    }
    buf_char(out, '}');
}

/* {}:{alertname="X"}: the root route, and what it groups by. */
static void add_group(struct buf *out, struct slice name)
{
    const struct notice_pair label = { slice_str("alertname"), name };
    struct buf key;

    buf_init(&key, BUF_NO_CAP);
    buf_str(&key, "{}:{alertname=");
    json_string(name, &key);
    buf_char(&key, '}');
    add_text(out, "groupKey", buf_view(&key));
    add_pairs(out, "groupLabels", &label, 1);
    buf_release(&key);
}

size_t body_webhook(const struct body_about *about, struct alert *const *alert,
                    size_t n, struct buf *out)
{
    const char *status = "resolved";
    size_t i;

    buf_char(out, '{');
    add_key(out, "alerts");
    n = add_alerts(about, alert, n, add_webhook_alert, out);
    for (i = 0; i < n; i++)
        if (alert[i]->firing)
            status = "firing";
    add_common(out, "commonAnnotations", alert, n, annotations_of);
    add_common(out, "commonLabels", alert, n, labels_of);
    add_text(out, "externalURL", external_url(about));
    add_group(out, alert[0]->name);
    add_text(out, "receiver", slice_str(about->receiver));
    add_text(out, "status", slice_str(status));
    buf_str(out, ",\"truncatedAlerts\":0,\"version\":\"4\"}");
    return n;
}

/* An end before the start would be refused. */
static nsec end_of(const struct body_about *about, const struct alert *a)
{
    nsec at = a->firing ? about->firing_until : a->ends_at;

    return at > a->starts_at ? at : a->starts_at;
}

static void add_api_alert(const struct body_about *about, const struct alert *a,
                          struct buf *out)
{
    buf_char(out, '{');
    add_pairs(out, "annotations", a->annotation, a->nannotations);
    add_instant(out, "endsAt", end_of(about, a));
    if (about->external_url)
        add_text(out, "generatorURL", external_url(about));
    add_pairs(out, "labels", a->label, a->nlabels);
    add_instant(out, "startsAt", a->starts_at);
    buf_char(out, '}');
}

size_t body_alertmanager(const struct body_about *about,
                         struct alert *const *alert, size_t n, struct buf *out)
{
    return add_alerts(about, alert, n, add_api_alert, out);
}
