#include "inside.h"

#define MOUNT "monitor"

struct place {
    const struct tree *tree;
    const struct node *node;
    const struct bank *bank; /* not NULL: this instead of the node */
    bool root;
};

/* "$expired" is no child but shows as one. */
static void find_bank(const struct path *path, struct place *ret)
{
    struct path above = *path;

    if (path->n == 0 || !slice_is(path->key[path->n - 1], "$expired"))
        return;
    above.n--;
    ret->node = tree_get(ret->tree, &above);
    if (ret->node && ret->node->kind == NODE_MAP)
        ret->bank = ret->node->u.map->bank;
    if (!ret->bank)
        ret->node = NULL;
}

static enum status find(const struct core *core, const struct path *path,
                        struct place *ret)
{
    struct path below;
    size_t i;

    *ret = (struct place){ .tree = &core->state, .root = path->n == 0 };
    if (path->n && slice_is(path->key[0], MOUNT)) {
        below.n = path->n - 1;
        for (i = 0; i < below.n; i++)
            below.key[i] = path->key[i + 1];
        ret->tree = &core->monitor;
        ret->node = tree_get(&core->monitor, &below);
    } else {
        ret->node = tree_get(&core->state, path);
        if (!ret->node)
            find_bank(path, ret);
    }
    return ret->node ? ST_OK : ST_NONE;
}

static enum status render(const struct core *core, struct place place,
                          bool split, const struct sink *sink)
{
    struct render r = {
        .split = split,
        .mounted = place.root ? &core->monitor : NULL,
        .mounted_at = slice_str(MOUNT),
        .write = sink->write,
        .self = sink->self,
    };
    bool more;

    buf_init(&r.out, BUF_NO_CAP);
    if (place.bank)
        render_bank(&r, place.bank);
    else
        render_node(&r, place.tree, place.node);
    more = !r.stopped && sink->write(sink->self, buf_view(&r.out));
    buf_release(&r.out);
    return more ? ST_OK : ST_END;
}

enum status view_write(const struct core *core, const struct path *path,
                       struct view_options options, const struct sink *sink)
{
    struct place place;
    enum status st = find(core, path, &place);

    return st ? st : render(core, place, options.split, sink);
}

static bool add_to(void *self, struct slice text)
{
    buf_slice(self, text);
    return true;
}

bool view_text(const struct core *core, const struct path *path,
               struct buf *out)
{
    const struct sink sink = { out, add_to };

    return !view_write(core, path, (struct view_options){ 0 }, &sink);
}

enum status core_write_state(const struct core *core, bool split,
                             const struct sink *sink)
{
    struct place place = { .tree = &core->state, .node = &core->state.root };

    return render(core, place, split, sink);
}

size_t view_weight(const struct core *core, const struct path *path,
                   size_t limit)
{
    struct place place;

    if (find(core, path, &place))
        return 0;
    return place.bank ? 1 : render_weight(place.node, limit);
}

void view_report(const struct core *core, bool text, struct buf *out)
{
    if (text)
        engine_report_text(core->engine, core->watermark, out);
    else
        engine_report(core->engine, core->watermark, out);
}

void view_api_rules(const struct core *core, struct buf *out)
{
    engine_api_rules(core->engine, out);
}

void view_api_alerts(const struct core *core, struct buf *out)
{
    engine_api_alerts(core->engine, out);
}

nsec view_watermark(const struct core *core)
{
    return core->watermark;
}
