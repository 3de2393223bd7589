/*
 * take.c - what `collect` printed becomes the mirror
 *
 * A run is taken when its end was read, since a text that was cut short is no evidence of what
 * comes behind; of a listing that was cut, what is there is taken, and nothing is concluded from
 * what is not. What has not changed costs one look at it: a job of 100 000 files is collected while
 * it runs.
 */
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/collect.h"
#include "clustrixfs/record.h"

/* stdout or stderr of the run that is being read. */
struct output {
    bool            known, has_bytes;
    struct far_attr attr;
    struct span     bytes;
};

enum { OUTSIDE, IN_RUN, IN_LISTING };

struct taking {
    struct results *r;
    int             where;
    bool            ended; /* there was the end of a run                      */
    char            token[JOB_TOKEN_LEN + 1];
    int             root;  /* MIRROR/token                                     */
    char            run[RUN_NAME_MAX];
    struct output   outputs[2];
    struct listing  listing;
    struct strv     changed; /* token and path in turn                         */
};

static const char *const output_names[] = { "stdout", "stderr" };

static void takingp_cleanup(struct taking *t)
{
    if (t->root >= 0)
        close(t->root);
    free(t->listing.v);
    strv_release(&t->changed);
}

/* One report for each job: more than one path is any path. */
static int add_changed(struct taking *t, const char *path)
{
    struct strv *s = &t->changed;
    int          r;

    if (s->n > 0 && strcmp(s->v[s->n - 2], t->token) == 0) {
        if (strcmp(s->v[s->n - 1], path) != 0)
            s->v[s->n - 1][0] = '\0';
        return 0;
    }
    r = strv_add(s, t->token);
    return r < 0 ? r : strv_add(s, path);
}

static bool is_token(struct span s)
{
    if (s.len != JOB_TOKEN_LEN || s.data[0] < 'a' || s.data[0] > 'z')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!(s.data[i] >= 'a' && s.data[i] <= 'z') && !(s.data[i] >= '0' && s.data[i] <= '9'))
            return false;
    return true;
}

static int begin_token(struct taking *t, struct span token)
{
    if (!is_token(token))
        return -EPROTO;
    if (t->root >= 0 && span_is(token, t->token))
        return 0;
    if (t->root >= 0)
        close(t->root);
    memcpy(t->token, token.data, token.len);
    t->token[token.len] = '\0';
    t->root = mirror_make_dirs(t->r->mirror.fd, t->token);
    return t->root < 0 ? t->root : 0;
}

static int begin_run(struct taking *t, struct span name)
{
    const char *slash = memchr(name.data, '/', name.len);
    struct span token = { name.data, slash ? (size_t)(slash - name.data) : 0 };
    struct span run = { slash + 1, name.len - token.len - 1 };
    uint32_t    element, attempt;
    int         r;

    if (!slash || run_name_parse(run, &element, &attempt) < 0)
        return -EPROTO;
    memcpy(t->run, run.data, run.len);
    t->run[run.len] = '\0';
    memset(t->outputs, 0, sizeof(t->outputs));
    r = begin_token(t, token);
    if (r == 0)
        t->where = IN_RUN;
    return r;
}

static int write_bytes(struct taking *t, int dir, const char *name, const struct output *o)
{
    _cleanup_(fdp) int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    atomic_uint        gen = 0;

    if (fd < 0)
        return -errno;
    if (holes_held(fd, 0, (size_t)o->attr.size))
        return 0;
    return holes_write(&t->r->mirror, fd, &gen, 0, o->attr.mtime_ns, o->bytes, 0);
}

static int place_output(struct taking *t, int dir, const char *name, const struct output *o)
{
    char path[RUN_NAME_MAX + 8];
    int  r, w = 0;

    snprintf(path, sizeof(path), "%s/%s", t->run, name);
    r = take_place(t->r, t->token, path, dir, name, &o->attr, NULL);
    if (r > 0 && o->has_bytes && o->bytes.len == o->attr.size)
        w = write_bytes(t, dir, name, o);
    if (r == MIRROR_E_CHANGED)
        w = w < 0 ? w : add_changed(t, path);
    return r < 0 ? r : w;
}

static int end_run(struct taking *t)
{
    _cleanup_(fdp) int dir = mirror_make_dirs(t->root, t->run);
    int                r = dir < 0 ? dir : 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(t->outputs); i++)
        if (t->outputs[i].known)
            r = place_output(t, dir, output_names[i], &t->outputs[i]);
    return r;
}

static int end_listing(struct taking *t, bool whole)
{
    _cleanup_(fdp) int dir = mirror_make_dirs(t->root, FILES_DIR);
    char               only[PATH_MAX];
    int                r;

    if (dir < 0)
        return dir;
    r = listing_apply(t->r, t->token, dir, &t->listing, whole, only);
    t->listing.n = 0;
    return r == MIRROR_E_CHANGED ? add_changed(t, only) : r == MIRROR_E_SAME ? 0 : r;
}

/* `T`, `X`: the records are the engine's affair, but for that there is one. */
static int take_in_run(struct taking *t, const struct collect_item *item)
{
    static const char kinds[] = "OEoe";
    const char       *kind = item->kind ? strchr(kinds, item->kind) : NULL;
    struct output    *o = &t->outputs[kind ? (kind - kinds) % 2 : 0];

    if (item->kind == 'Z') {
        t->where = OUTSIDE;
        return end_run(t);
    }
    t->ended |= item->kind == 'X';
    if (!kind)
        return item->kind == 'T' || item->kind == 'X' ? 0 : -EPROTO;
    if (kind - kinds >= 2) {
        o->has_bytes = true;
        o->bytes = item->text;
        return 0;
    }
    o->known = true;
    o->attr = (struct far_attr){ S_IFREG | 0600, item->size, item->mtime_ns };
    return 0;
}

static int take_in_listing(struct taking *t, const struct collect_item *item)
{
    struct listing *l = &t->listing;

    switch (item->kind) {
    case 'F':
        return listing_add(l, item);
    case 'L':
        if (l->n == 0)
            return -EPROTO;
        l->v[l->n - 1].target = item->text;
        return 0;
    case 'Z':
        t->where = OUTSIDE;
        return end_listing(t, item->size == l->n);
    default:
        return -EPROTO;
    }
}

static int take_item(struct taking *t, const struct collect_item *item)
{
    int r;

    if (t->where == IN_RUN)
        return take_in_run(t, item);
    if (t->where == IN_LISTING)
        return take_in_listing(t, item);
    if (item->kind == 'J')
        return begin_run(t, item->text);
    r = item->kind == 'D' ? begin_token(t, item->text) : -EPROTO;
    if (r == 0)
        t->where = IN_LISTING;
    return r;
}

static int take_all(struct taking *t, struct span text, struct error *e)
{
    struct collect_item item;
    int                 r, last;

    while ((r = collect_next(&text, &item)) == 0 && (r = take_item(t, &item)) == 0)
        ;
    if (r == COLLECT_E_END && t->where == OUTSIDE)
        return 0;
    if (r != COLLECT_E_END && r != -EPROTO)
        return error_set(e, r, "%s: %s", t->r->mirror.path, strerror(-r));
    last = t->where == IN_LISTING ? end_listing(t, false) : 0;
    return error_set(e, last < 0 ? last : -EPROTO,
                     "cluster %s: what it said of its jobs' files was cut short",
                     t->r->cluster->name);
}

/*
 * When the end of a run is known for good, its files must be too: after a power failure nobody
 * would ask for them again. One journal holds all of it, so one directory is enough.
 */
static int make_durable(const struct taking *t)
{
    if (!t->ended || t->root < 0)
        return 0;
    if (mirror_set_mtime(t->root, ".", clock_now_ns()) < 0 || fsync(t->root) < 0)
        return -errno;
    return 0;
}

int results_take(struct results *r, struct span collected, struct error *e)
{
    _cleanup_(takingp) struct taking t = { .r = r, .root = -1 };
    int                              end, synced;

    pthread_mutex_lock(&r->taking);
    end = take_all(&t, collected, e);
    synced = make_durable(&t);
    pthread_mutex_unlock(&r->taking);
    for (size_t i = 0; i + 1 < t.changed.n; i += 2)
        r->changed(r->changed_arg, t.changed.v[i], t.changed.v[i + 1]);
    if (end == 0 && synced < 0)
        return error_set(e, synced, "%s: %s", r->mirror.path, strerror(-synced));
    return end;
}
