/*
 * draft.c - which drafts there are
 *
 * Two places hold them, memory and the database, and every question here asks both: memory first,
 * and what it has hides the row of the same id. A draft that was renamed or removed a moment ago
 * therefore stays in memory until the database has heard of it, else its old name would come back.
 */
#include "fs/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"

struct drafts *drafts_of(fuse_req_t req)
{
    struct mount *m = fuse_req_userdata(req);

    drafts_hear(m->drafts);
    return m->drafts;
}

const char *drafts_cluster(const struct drafts *ds, unsigned dir)
{
    const struct config *c = service_config(ds->m->service);

    return dir < DIR_CLUSTER ? "" : c->clusters[dir - DIR_CLUSTER].name;
}

static unsigned drafts_dir(const struct drafts *ds, const char *cluster)
{
    unsigned dir = ds->n_dirs;

    if (!*cluster)
        return DIR_SUBMIT;
    while (--dir >= DIR_CLUSTER && strcmp(drafts_cluster(ds, dir), cluster))
        ;
    return dir; /* DIR_CHECK: a cluster that is configured no more; nothing leads there */
}

void drafts_touched(struct drafts *ds, unsigned dir)
{
    ds->dir_ns[dir] = clock_now_ns();
}

static uint32_t name_hash(const char *name)
{
    uint32_t h = 2166136261u;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

/* The place of the first draft with this id or a higher one. */
static size_t drafts_place(const struct drafts *ds, uint64_t id)
{
    size_t low = 0, high = ds->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (ds->v[mid]->rec.id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct draft *drafts_by_id(const struct drafts *ds, uint64_t id)
{
    size_t i = drafts_place(ds, id);

    return i < ds->n && ds->v[i]->rec.id == id ? ds->v[i] : NULL;
}

static struct draft *drafts_by_name(const struct drafts *ds, unsigned dir, const char *name)
{
    uint32_t hash = name_hash(name);

    for (size_t i = ds->n; i-- > 0;) {
        struct draft *d = ds->v[i];

        if (d->hash == hash && d->dir == dir && !d->gone && strcmp(d->rec.name, name) == 0)
            return d;
    }
    return NULL;
}

int drafts_look(struct drafts *ds, uint64_t id, struct draft_record *room,
                const struct draft_record **found)
{
    struct draft *d = drafts_by_id(ds, id);
    int           r;

    if (d && d->gone && d->opens == 0)
        return -ENOENT;
    *found = d ? &d->rec : room;
    if (d)
        return 0;
    r = service_draft_load(ds->m->service, id, false, room);
    return r;
}

int drafts_find(struct drafts *ds, unsigned dir, const char *name, struct draft_record *room,
                const struct draft_record **found)
{
    struct draft *d = drafts_by_name(ds, dir, name);
    int           r;

    *found = d ? &d->rec : room;
    if (d)
        return 0;
    if (dir == DIR_CHECK)
        return -ENOENT;
    r = service_draft_find(ds->m->service, drafts_cluster(ds, dir), name, room);
    return r == 0 && drafts_by_id(ds, room->id) ? -ENOENT : r;
}

static void draft_free(struct draft *d)
{
    draft_record_release(&d->rec);
    buf_release(&d->source);
    free(d);
}

/* Takes over what hangs from rec, on failure too. */
static int drafts_add(struct drafts *ds, unsigned dir, struct draft_record *rec, struct draft **dp)
{
    struct draft *d = calloc(1, sizeof(*d));
    size_t        at = drafts_place(ds, rec->id);

    if (d && ds->n == ds->alloc) {
        struct draft **v = reallocarray(ds->v, ds->alloc + 64, sizeof(*v));

        if (v) {
            ds->v = v;
            ds->alloc += 64;
        }
    }
    if (!d || ds->n == ds->alloc) {
        free(d);
        draft_record_release(rec);
        return -ENOMEM;
    }
    d->rec = *rec;
    d->dir = dir;
    d->hash = name_hash(rec->name);
    d->source = (struct buf)BUF_INIT;
    memmove(ds->v + at + 1, ds->v + at, (ds->n - at) * sizeof(*ds->v));
    ds->v[at] = d;
    ds->n++;
    *dp = d;
    return 0;
}

static int draft_load_text(struct drafts *ds, struct draft *d)
{
    _cleanup_(draft_recordp) struct draft_record full = { .text = BUF_INIT };
    struct buf                                   text;
    int                                          r;

    r = service_draft_load(ds->m->service, d->rec.id, true, &full);
    /* The bytes of a submitted one are its job's spec, until the job is forgotten. */
    if (r == 0 && full.status == DRAFT_SUBMITTED && full.text.len == 0)
        r = service_spec_text(ds->m->service, full.job, &full.text);
    if (r < 0)
        return r;
    text = d->rec.text;
    d->rec.text = full.text;
    d->rec.size = full.text.len;
    full.text = text;
    d->loaded = true;
    return 0;
}

int drafts_take(struct drafts *ds, uint64_t id, bool text, struct draft **dp)
{
    struct draft_record rec = { .text = BUF_INIT };
    struct draft       *d = drafts_by_id(ds, id);
    int                 r;

    if (!d) {
        r = service_draft_load(ds->m->service, id, false, &rec);
        if (r == 0)
            r = drafts_add(ds, drafts_dir(ds, rec.cluster), &rec, &d);
        if (r < 0)
            return r;
        d->kept = true;
    }
    *dp = d;
    return text && !d->loaded ? draft_load_text(ds, d) : 0;
}

int drafts_make(struct drafts *ds, unsigned dir, const char *name, struct draft **dp)
{
    struct draft_record rec = {
        .id = service_draft_next_id(ds->m->service),
        .cluster = strdup(drafts_cluster(ds, dir)),
        .name = strdup(name),
        .mtime_ns = clock_now_ns(),
        .text = BUF_INIT,
    };
    int r;

    if (!rec.cluster || !rec.name) {
        draft_record_release(&rec);
        return -ENOMEM;
    }
    r = drafts_add(ds, dir, &rec, dp);
    if (r < 0)
        return r;
    (*dp)->loaded = true;
    refusal_drop(ds, dir, name);
    drafts_touched(ds, dir);
    return 0;
}

int drafts_rename(struct drafts *ds, struct draft *d, unsigned dir, const char *name)
{
    char *new_name = strdup(name), *cluster = strdup(drafts_cluster(ds, dir));

    if (!new_name || !cluster) {
        free(new_name);
        free(cluster);
        return -ENOMEM;
    }
    free(d->rec.name);
    free(d->rec.cluster);
    drafts_touched(ds, d->dir);
    d->rec.name = new_name;
    d->rec.cluster = cluster;
    d->hash = name_hash(name);
    d->dir = dir;
    d->kept = false;
    refusal_drop(ds, dir, name);
    drafts_touched(ds, dir);
    return 0;
}

void drafts_remove(struct drafts *ds, struct draft *d)
{
    d->gone = true;
    drafts_touched(ds, d->dir);
    if (d->dir != DIR_CHECK)
        d->ticket = service_draft_remove(ds->m->service, d->rec.id);
}

/* check/ keeps its drafts here, however long nobody has them open; submit/ until it has settled. */
static bool draft_is_idle(const struct drafts *ds, const struct draft *d)
{
    if (d->opens > 0)
        return false;
    if (d->dir == DIR_CHECK)
        return d->gone;
    return d->ticket == 0 || service_settled(ds->m->service, d->ticket);
}

static size_t drafts_checked(const struct drafts *ds)
{
    size_t checked = 0;

    for (size_t i = 0; i < ds->n; i++)
        checked += ds->v[i]->dir == DIR_CHECK && ds->v[i]->opens == 0;
    return checked;
}

void drafts_sweep(struct drafts *ds)
{
    size_t checked = drafts_checked(ds), left = 0;

    for (size_t i = 0; i < ds->n; i++) {
        struct draft *d = ds->v[i];
        bool old = d->dir == DIR_CHECK && d->opens == 0 && checked > CHECK_KEPT;

        if (old)
            checked--;
        if (old || draft_is_idle(ds, d))
            draft_free(d);
        else
            ds->v[left++] = d;
    }
    ds->n = left;
}

uint32_t drafts_kept(struct drafts *ds)
{
    return ds->n;
}

int drafts_open(struct drafts **dp, struct mount *m)
{
    struct drafts *ds = calloc(1, sizeof(*ds));
    int            r;

    if (!ds)
        return -ENOMEM;
    ds->m = m;
    ds->n_dirs = DIR_CLUSTER + service_config(m->service)->n_clusters;
    ds->dir_ns = calloc(ds->n_dirs, sizeof(*ds->dir_ns));
    r = ds->dir_ns ? mailbox_create(&ds->answers) : -ENOMEM;
    if (r < 0) {
        free(ds->dir_ns);
        free(ds);
        return r;
    }
    for (unsigned i = 0; i < ds->n_dirs; i++)
        ds->dir_ns[i] = m->born_ns;
    pthread_mutex_init(&ds->lock, NULL);
    pthread_cond_init(&ds->none_awaited, NULL);
    *dp = ds;
    return 0;
}

/*
 * A writer that is still at it when the mount goes away has not said that it is done, so what it
 * wrote is kept and does not become a job.
 */
static void draft_close(struct drafts *ds, struct draft *d)
{
    if (d->dir == DIR_CHECK || d->gone || d->kept)
        return;
    if (d->changed)
        draft_set_status(d, DRAFT_REFUSED,
                         "clustrixfs was unmounted while this was being written; write it again");
    draft_keep(ds, d, NULL);
}

void drafts_close(struct drafts *ds)
{
    if (!ds)
        return;
    drafts_hear(ds);
    for (size_t i = 0; i < ds->n; i++)
        draft_close(ds, ds->v[i]);
    drafts_await(ds);
    drafts_hear(ds);
    for (size_t i = 0; i < ds->n; i++)
        draft_free(ds->v[i]);
    refusals_release(ds);
    mailbox_destroy(ds->answers);
    pthread_mutex_destroy(&ds->lock);
    pthread_cond_destroy(&ds->none_awaited);
    free(ds->v);
    free(ds->dir_ns);
    free(ds);
}
