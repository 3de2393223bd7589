/*
 * draft-dir.c - looking into submit/ and check/
 *
 * A listing is in the order of the drafts' ids, each followed by its NAME.error where it has one,
 * so that a place in it is told by an id and stays right while drafts come and go and move from
 * memory to the database.
 */
#include "fs/draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"

/* Seconds. */
#define DRAFT_ATTR_S 1.0

#define DIR_BIT (UINT64_C(1) << 59)

bool draft_ino_is_dir(fuse_ino_t ino)
{
    return INO_REST(ino) & DIR_BIT;
}

unsigned draft_ino_dir(fuse_ino_t ino)
{
    return (unsigned)(INO_REST(ino) & ~DIR_BIT);
}

uint64_t draft_ino_id(fuse_ino_t ino)
{
    return INO_REST(ino) >> 1;
}

bool draft_ino_is_error(fuse_ino_t ino)
{
    return INO_REST(ino) & 1;
}

/* Also where allow_other lets others in: what runs here runs as the user who mounted it. */
bool draft_may(fuse_req_t req)
{
    const struct mount *m = fuse_req_userdata(req);
    uid_t               uid = fuse_req_ctx(req)->uid;

    if (uid == m->uid || uid == 0)
        return true;
    fuse_reply_err(req, EACCES);
    return false;
}

static void set_times(struct stat *st, int64_t ns)
{
    st->st_mtim = (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
    st->st_atim = st->st_ctim = st->st_mtim;
}

static void dir_attr(const struct drafts *ds, unsigned dir, struct stat *st)
{
    *st = (struct stat){
        .st_ino = INO_DRAFT_DIR(dir),
        .st_mode = S_IFDIR | 0700,
        .st_nlink = 2,
        .st_uid = ds->m->uid,
        .st_gid = ds->m->gid,
        .st_blksize = 4096,
    };
    set_times(st, ds->dir_ns[dir]);
}

static void draft_attr(struct drafts *ds, const struct draft_record *rec, bool is_error,
                       struct stat *st)
{
    uint64_t size = is_error ? strlen(rec->why) + 1 : rec->size;

    *st = (struct stat){
        .st_ino = INO_DRAFT(rec->id, is_error),
        .st_mode = S_IFREG | (is_error ? 0444 : rec->mode),
        .st_nlink = 1,
        .st_uid = is_error ? ds->m->uid : rec->uid,
        .st_gid = is_error ? ds->m->gid : rec->gid,
        .st_size = (off_t)size,
        .st_blocks = (blkcnt_t)((size + 511) / 512),
        .st_blksize = 4096,
    };
    set_times(st, rec->mtime_ns);
}

/*
 * What the kernel may keep for a moment, since it changes only by calls that come through it: the
 * attributes of a draft. Those of NAME.error, and of a report in check/, change here.
 */
static double attr_timeout(struct drafts *ds, const struct draft_record *rec, bool is_error)
{
    const struct draft *d = drafts_by_id(ds, rec->id);

    return is_error || (d && d->dir == DIR_CHECK) ? 0 : DRAFT_ATTR_S;
}

void draft_entry(struct drafts *ds, const struct draft_record *rec, bool is_error,
                 struct fuse_entry_param *entry)
{
    *entry = (struct fuse_entry_param){ .ino = INO_DRAFT(rec->id, is_error) };
    draft_attr(ds, rec, is_error, &entry->attr);
    entry->attr_timeout = attr_timeout(ds, rec, is_error);
}

/* The draft, or what is left of one, whose sentence NAME.error is. */
static int error_find(struct drafts *ds, unsigned dir, const char *name, struct draft_record *room,
                      const struct draft_record **found)
{
    char draft[DRAFT_NAME_MAX + 1];
    int  r;

    name_of_error(draft, name);
    *found = refusal_find(ds, dir, draft);
    if (*found)
        return 0;
    r = drafts_find(ds, dir, draft, room, found);
    return r == 0 && !(*found)->why ? -ENOENT : r;
}

void draft_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    struct drafts                               *ds = drafts_of(req);
    const struct draft_record                   *rec;
    struct fuse_entry_param                      entry;
    bool                                         is_error = name_is_error(name);
    int                                          r = -ENOTDIR;

    if (strlen(name) > DRAFT_NAME_MAX)
        r = -ENAMETOOLONG;
    else if (draft_ino_is_dir(parent))
        r = (is_error ? error_find : drafts_find)(ds, draft_ino_dir(parent), name, &room, &rec);
    /* A draft comes to be only by calls that the kernel sees; NAME.error comes from here. */
    if (r == -ENOENT && !is_error) {
        fuse_reply_entry(req, &(struct fuse_entry_param){ .entry_timeout = DRAFT_ATTR_S });
        return;
    }
    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    draft_entry(ds, rec, is_error, &entry);
    fuse_reply_entry(req, &entry);
}

static int look_ino(struct drafts *ds, fuse_ino_t ino, struct draft_record *room,
                    const struct draft_record **found)
{
    int r;

    *found = draft_ino_is_error(ino) ? refusal_by_id(ds, draft_ino_id(ino)) : NULL;
    if (*found)
        return 0;
    r = drafts_look(ds, draft_ino_id(ino), room, found);
    return r == 0 && draft_ino_is_error(ino) && !(*found)->why ? -ENOENT : r;
}

void draft_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi unused_arg)
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    struct drafts                               *ds = drafts_of(req);
    const struct draft_record                   *rec;
    const struct draft                          *d;
    struct stat                                  st;
    int                                          r;

    if (draft_ino_is_dir(ino)) {
        dir_attr(ds, draft_ino_dir(ino), &st);
        fuse_reply_attr(req, &st, DRAFT_ATTR_S);
        return;
    }
    r = look_ino(ds, ino, &room, &rec);
    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    draft_attr(ds, rec, draft_ino_is_error(ino), &st);
    d = drafts_by_id(ds, rec->id);
    st.st_nlink = !(d && d->gone);
    fuse_reply_attr(req, &st, attr_timeout(ds, rec, draft_ino_is_error(ino)));
}

/*
 * A place in a listing is the offset that it was given with: 1 and 2 are behind "." and "..", and
 * a draft's is twice its id plus two, plus one for its NAME.error.
 */
struct listing {
    struct drafts      *ds;
    unsigned            dir;
    off_t               off;
    struct draft_record room; /* a record of the database */
    bool                is_error;
};

static off_t listing_place(uint64_t id, bool is_error)
{
    return (off_t)((id + 1) * 2 + is_error);
}

static const struct draft_record *draft_after(struct drafts *ds, unsigned dir, uint64_t id)
{
    for (size_t i = 0; i < ds->n; i++) {
        const struct draft *d = ds->v[i];

        if (d->rec.id > id && d->dir == dir && !d->gone)
            return &d->rec;
    }
    return NULL;
}

/* The next row whose draft is not in memory: there it may have another name by now. */
static const struct draft_record *row_after(struct listing *l, uint64_t id)
{
    const char *cluster = drafts_cluster(l->ds, l->dir);

    if (l->dir == DIR_CHECK)
        return NULL;
    do {
        draft_record_release(&l->room);
        if (service_draft_after(l->ds->m->service, cluster, id, &l->room) < 0)
            return NULL;
        id = l->room.id;
    } while (drafts_by_id(l->ds, id));
    return &l->room;
}

static const struct draft_record *lower_id(const struct draft_record *a,
                                           const struct draft_record *b)
{
    return !a || (b && b->id < a->id) ? b : a;
}

/* The next entry behind `off`, which moves on; NULL at the end. */
static const struct draft_record *listing_next(struct listing *l)
{
    uint64_t                   id = l->off < 4 ? 0 : (uint64_t)l->off / 2 - 1;
    const struct draft_record *rec, *refused;

    if (id > 0 && !(l->off & 1)) {
        draft_record_release(&l->room);
        l->is_error = true;
        l->off = listing_place(id, true);
        if (drafts_look(l->ds, id, &l->room, &rec) == 0 && rec->why)
            return rec;
    }
    refused = refusal_after(l->ds, l->dir, id);
    rec = lower_id(draft_after(l->ds, l->dir, id), row_after(l, id));
    rec = lower_id(rec, refused);
    l->is_error = rec && rec == refused;
    if (rec)
        l->off = listing_place(rec->id, l->is_error);
    return rec;
}

struct answer {
    fuse_req_t req;
    char      *data;
    size_t     size, used;
    bool       plus;
};

/* False when it does not fit any more. */
static bool answer_add(struct answer *a, const char *name, const struct fuse_entry_param *entry,
                       off_t off)
{
    char  *at = a->data + a->used;
    size_t left = a->size - a->used;
    size_t n = a->plus ? fuse_add_direntry_plus(a->req, at, left, name, entry, off)
                       : fuse_add_direntry(a->req, at, left, name, &entry->attr, off);

    if (n > left)
        return false;
    a->used += n;
    return true;
}

static bool answer_add_dots(struct answer *a, struct listing *l)
{
    static const char *const dots[] = { ".", ".." };
    struct fuse_entry_param  entry = { 0 };

    dir_attr(l->ds, l->dir, &entry.attr);
    for (; l->off < 2; l->off++) {
        if (!answer_add(a, dots[l->off], &entry, l->off + 1))
            return false;
    }
    return true;
}

static void answer_add_drafts(struct answer *a, struct listing *l)
{
    const struct draft_record *rec;

    while ((rec = listing_next(l))) {
        char                    name[DRAFT_NAME_MAX + 1];
        struct fuse_entry_param entry;

        snprintf(name, sizeof(name), "%s%s", rec->name, l->is_error ? ERROR_SUFFIX : "");
        draft_entry(l->ds, rec, l->is_error, &entry);
        if (!answer_add(a, name, &entry, l->off))
            return;
    }
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, bool plus)
{
    struct answer  a = { .req = req, .data = malloc(size), .size = size, .plus = plus };
    struct listing l = {
        .ds = drafts_of(req),
        .dir = draft_ino_dir(ino),
        .off = off,
        .room = { .text = BUF_INIT },
    };

    if (!a.data) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    if (answer_add_dots(&a, &l))
        answer_add_drafts(&a, &l);
    fuse_reply_buf(req, a.data, a.used);
    draft_record_release(&l.room);
    free(a.data);
}

void draft_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                   struct fuse_file_info *fi unused_arg)
{
    list(req, ino, size, off, false);
}

void draft_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                       struct fuse_file_info *fi unused_arg)
{
    list(req, ino, size, off, true);
}
