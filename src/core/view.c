#include "inside.h"

#define MOUNT "monitor"

struct place {
    const struct tree *tree;
    const struct node *node;
    bool root;
};

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

enum status core_write_state(const struct core *core, bool split,
                             const struct sink *sink)
{
    struct place place = { &core->state, &core->state.root, false };

    return render(core, place, split, sink);
}

size_t view_weight(const struct core *core, const struct path *path,
                   size_t limit)
{
    struct place place;

    return find(core, path, &place) ? 0 : render_weight(place.node, limit);
}

nsec view_watermark(const struct core *core)
{
    return core->watermark;
}
