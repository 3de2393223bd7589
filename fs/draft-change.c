/*
 * draft-change.c - attributes, removals and what else changes a draft from outside
 *
 * Copiers set times, mode and owner when the bytes are long there, also when the job is long
 * running; so all of that is taken as on any disk and means nothing for the job.
 */
#include "fs/draft.h"

#include <errno.h>
#include <stdlib.h>

#include "clustrixfs/clock.h"

/* Nobody waits for this to be on disk; while it is open, its last release hands it over. */
static void keep_soon(struct drafts *ds, struct draft *d)
{
    if (d->opens == 0 && !d->gone && d->dir != DIR_CHECK)
        draft_keep(ds, d, NULL);
}

/* truncate(2) by name has no close() behind it: the bytes wait for the next writer. */
static int cut(struct drafts *ds, struct draft *d, off_t size, struct fuse_file_info *fi)
{
    int r;

    if (fi)
        draft_wrote(draft_handle(fi));
    else if ((uint64_t)size == d->rec.size)
        return 0;
    r = draft_resize(ds, d, size);
    d->changed = d->writers > 0;
    return r;
}

static int64_t ns_of(struct timespec t)
{
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int apply(struct drafts *ds, struct draft *d, const struct stat *attr, int to_set,
                 struct fuse_file_info *fi)
{
    int r = to_set & FUSE_SET_ATTR_SIZE ? cut(ds, d, attr->st_size, fi) : 0;

    if (r < 0)
        return r;
    if (to_set & FUSE_SET_ATTR_MODE)
        d->rec.mode = attr->st_mode & 07777;
    if (to_set & FUSE_SET_ATTR_UID)
        d->rec.uid = attr->st_uid;
    if (to_set & FUSE_SET_ATTR_GID)
        d->rec.gid = attr->st_gid;
    if (to_set & FUSE_SET_ATTR_MTIME_NOW)
        d->rec.mtime_ns = clock_now_ns();
    else if (to_set & FUSE_SET_ATTR_MTIME)
        d->rec.mtime_ns = ns_of(attr->st_mtim);
    d->kept = false;
    keep_soon(ds, d);
    return 0;
}

/*
 * Whoever copies what is in a directory sets the attributes of the directory as well, and
 * complains when it may not: those of ours stay as they are, and nothing is said.
 */
void draft_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                   struct fuse_file_info *fi)
{
    struct drafts *ds = drafts_of(req);
    struct draft  *d;
    int            r;

    if (!draft_may(req))
        return;
    if (draft_ino_is_dir(ino)) {
        draft_getattr(req, ino, NULL);
        return;
    }
    drafts_sweep(ds);
    r = draft_ino_is_error(ino) ? -EPERM : drafts_take(ds, draft_ino_id(ino), true, &d);
    if (r == 0)
        r = apply(ds, d, attr, to_set, fi);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        draft_getattr(req, ino, NULL);
}

/* NAME.error can be removed: it has been read. */
static int unlink_error(struct drafts *ds, unsigned dir, const char *name)
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    const struct draft_record                   *rec;
    struct draft                                *d;
    int                                          r;

    if (refusal_find(ds, dir, name)) {
        refusal_drop(ds, dir, name);
        return 0;
    }
    r = drafts_find(ds, dir, name, &room, &rec);
    if (r == 0 && !rec->why)
        r = -ENOENT;
    if (r == 0)
        r = drafts_take(ds, rec->id, true, &d);
    if (r < 0)
        return r;
    draft_set_status(d, d->rec.status, NULL);
    keep_soon(ds, d);
    return 0;
}

static int unlink_draft(struct drafts *ds, unsigned dir, const char *name)
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    const struct draft_record                   *rec;
    struct draft                                *d;
    int                                          r = drafts_find(ds, dir, name, &room, &rec);

    if (r == 0)
        r = drafts_take(ds, rec->id, false, &d);
    if (r < 0)
        return r;
    drafts_remove(ds, d);
    refusal_drop(ds, dir, name);
    return 0;
}

void draft_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct drafts *ds = drafts_of(req);
    unsigned       dir = draft_ino_dir(parent);
    char           of[DRAFT_NAME_MAX + 1];
    int            r;

    if (!draft_may(req))
        return;
    if (name_is_error(name)) {
        name_of_error(of, name);
        r = unlink_error(ds, dir, of);
    } else {
        r = unlink_draft(ds, dir, name);
    }
    if (r == 0)
        drafts_touched(ds, dir);
    drafts_sweep(ds);
    fuse_reply_err(req, -r);
}

/*
 * What is no file cannot become a job. Of files that mean nothing to us anyway (the lock of an
 * editor is a link) the errno says enough.
 */
static void refuse(fuse_req_t req, fuse_ino_t dir, const char *name, const char *why)
{
    struct drafts *ds = drafts_of(req);

    if (!draft_may(req))
        return;
    if (name_submits(name))
        refusal_add(ds, draft_ino_dir(dir), name, why);
    fuse_reply_err(req, EPERM);
}

void draft_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode unused_arg)
{
    refuse(req, parent, name,
           "a spec is a file, and this was to be a directory; make the directory in stage/, with "
           "the spec in it, and mv it here");
}

void draft_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                 dev_t rdev unused_arg)
{
    struct drafts          *ds = drafts_of(req);
    struct fuse_entry_param entry;
    struct draft           *d;
    int                     r;

    if (!S_ISREG(mode)) {
        refuse(req, parent, name,
               "a spec is an ordinary file, and this was to be a pipe, a socket or a device; "
               "write the spec with cp or echo");
        return;
    }
    if (!draft_may(req))
        return;
    r = draft_new(req, parent, name, mode, &d);
    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    draft_finish(ds, d);
    draft_entry(ds, &d->rec, false, &entry);
    fuse_reply_entry(req, &entry);
}

void draft_symlink(fuse_req_t req, const char *target unused_arg, fuse_ino_t parent,
                   const char *name)
{
    refuse(req, parent, name,
           "a spec is an ordinary file, and this was to be a symbolic link; copy what it leads to");
}

void draft_link(fuse_req_t req, fuse_ino_t ino unused_arg, fuse_ino_t newparent,
                const char *newname)
{
    refuse(req, newparent, newname,
           "a spec has one name, and this was to be a second one; copy it");
}
