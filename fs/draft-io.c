/*
 * draft-io.c - opening and closing drafts
 *
 * Programs close a file many times before they are done with it, and hear an error at most once.
 * So each close judges and says so, a close that answers 0 to a valid spec has it on disk, and the
 * release of the last handle that wrote is the moment at which it becomes a job.
 */
#include "fs/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct draft_handle *draft_handle(const struct fuse_file_info *fi)
{
    return (struct draft_handle *)(uintptr_t)fi->fh;
}

void draft_wrote(struct draft_handle *h)
{
    struct draft *d = h->draft;

    if (h->wrote)
        return;
    h->wrote = true;
    /* Whoever begins anew takes over what a killed writer left. */
    if (d->writers++ == 0)
        d->killed = d->spoiled = false;
}

static int handle_new(struct draft *d, fuse_req_t req, struct fuse_file_info *fi,
                      struct draft_handle **hp)
{
    struct draft_handle *h = calloc(1, sizeof(*h));

    if (!h)
        return -ENOMEM;
    h->text = (struct buf)BUF_INIT;
    h->opener = fuse_req_ctx(req)->pid;
    h->append = fi->flags & O_APPEND;
    h->draft = d;
    if (d)
        d->opens++;
    fi->fh = (uintptr_t)h;
    *hp = h;
    return 0;
}

/* The end of a handle, also of one that the program did not live to see. */
static void handle_free(struct drafts *ds, struct draft_handle *h)
{
    struct draft *d = h->draft;

    if (d) {
        d->opens--;
        d->writers -= h->wrote;
        if (d->writers == 0 && (!d->kept || d->rec.status == DRAFT_READY))
            draft_finish(ds, d);
    }
    buf_release(&h->text);
    free(h);
    drafts_sweep(ds);
}

int draft_name_allowed(fuse_ino_t parent, const char *name)
{
    if (!draft_ino_is_dir(parent))
        return -ENOTDIR;
    if (strlen(name) > DRAFT_NAME_LEN_MAX)
        return -ENAMETOOLONG;
    return name_is_error(name) ? -EPERM : 0;
}

/*
 * The signature of mkstemp(): such a file gets its name by a rename when it is complete. cp -a, mv
 * and install make theirs 0600 too, but write-only.
 */
static bool made_by_mkstemp(int flags, mode_t mode)
{
    return (flags & (O_ACCMODE | O_EXCL)) == (O_RDWR | O_EXCL) && (mode & 07777) == 0600;
}

int draft_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct draft **dp)
{
    struct drafts         *ds = drafts_of(req);
    const struct fuse_ctx *ctx = fuse_req_ctx(req);
    int                    r = draft_name_allowed(parent, name);

    if (r == 0)
        r = drafts_make(ds, draft_ino_dir(parent), name, dp);
    if (r < 0)
        return r;
    (*dp)->rec.mode = mode & 07777;
    (*dp)->rec.uid = ctx->uid;
    (*dp)->rec.gid = ctx->gid;
    (*dp)->changed = true;
    return 0;
}

void draft_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                  struct fuse_file_info *fi)
{
    struct drafts          *ds = drafts_of(req);
    struct draft           *d;
    struct draft_handle    *h = NULL;
    struct fuse_entry_param entry;
    int                     r;

    if (!draft_may(req))
        return;
    r = draft_new(req, parent, name, mode, &d);
    if (r == 0)
        r = handle_new(d, req, fi, &h);
    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    d->waits = made_by_mkstemp(fi->flags, mode);
    /* touch(1) asks for neither: it means no content, so an empty file is no mistake of it. */
    if (fi->flags & (O_EXCL | O_TRUNC))
        draft_wrote(h);
    draft_entry(ds, &d->rec, false, &entry);
    if (fuse_reply_create(req, &entry, fi) == -ENOENT)
        handle_free(ds, h);
}

static int open_draft(struct drafts *ds, fuse_req_t req, uint64_t id, struct fuse_file_info *fi)
{
    bool                 truncates = fi->flags & O_TRUNC;
    struct draft_handle *h = NULL;
    struct draft        *d;
    int                  r = drafts_take(ds, id, !truncates, &d);

    if (r == 0)
        r = handle_new(d, req, fi, &h);
    if (r < 0)
        return r;
    if ((fi->flags & O_ACCMODE) == O_RDONLY) {
        fi->noflush = 1;
    } else {
        d->waits = false;
    }
    if (truncates) {
        draft_wrote(h);
        r = draft_resize(ds, d, 0);
    }
    return r;
}

static int open_error(struct drafts *ds, fuse_req_t req, uint64_t id, struct fuse_file_info *fi)
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    const struct draft_record                   *rec = refusal_by_id(ds, id);
    struct draft_handle                         *h = NULL;
    int                                          r = 0;

    if ((fi->flags & O_ACCMODE) != O_RDONLY)
        return -EACCES;
    if (!rec)
        r = drafts_look(ds, id, &room, &rec);
    if (r == 0 && !rec->why)
        r = -ENOENT;
    if (r == 0)
        r = handle_new(NULL, req, fi, &h);
    if (r < 0)
        return r;
    buf_printf(&h->text, "%s\n", rec->why);
    fi->noflush = 1;
    return 0;
}

void draft_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct drafts *ds = drafts_of(req);
    bool           changes = (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
    int            r;

    if (changes && !draft_may(req))
        return;
    r = (draft_ino_is_error(ino) ? open_error : open_draft)(ds, req, draft_ino_id(ino), fi);
    if (r < 0)
        fuse_reply_err(req, -r);
    else if (fuse_reply_open(req, fi) == -ENOENT)
        handle_free(ds, draft_handle(fi));
}

/* Hand it over unless it is on disk as it is: a file may be closed many times. */
static void answer_when_kept(struct drafts *ds, struct draft *d, fuse_req_t req)
{
    bool ready = d->rec.status == DRAFT_READY && d->dir != DIR_CHECK;

    if (ready && !(d->kept && service_settled(ds->m->service, d->ticket)))
        draft_keep(ds, d, req);
    else
        fuse_reply_err(req, 0);
}

/*
 * What is not complete is an error only where nobody is left to complete it: a shell closes its
 * file before the first byte is written, and so does each program of a group when it ends.
 */
void draft_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct drafts       *ds = drafts_of(req);
    struct draft_handle *h = draft_handle(fi);
    struct draft        *d = h->draft;
    pid_t                closer = fuse_req_ctx(req)->pid;
    int                  r;

    if (!d || !h->wrote || d->gone) {
        fuse_reply_err(req, 0);
        return;
    }
    if (writer_was_killed(closer))
        d->killed = true;
    r = draft_judge(ds, d);
    if (r == DRAFT_E_GROWING)
        r = writer_goes_on(closer, h->opener, ino) ? 0 : -EINVAL;
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        answer_when_kept(ds, d, req);
}

/* What is wrong with it is said at its close: an editor that syncs is about to do that. */
void draft_fsync(fuse_req_t req, fuse_ino_t ino unused_arg, int datasync unused_arg,
                 struct fuse_file_info *fi)
{
    struct drafts       *ds = drafts_of(req);
    struct draft_handle *h = draft_handle(fi);
    struct draft        *d = h->draft;

    if (!d || !h->wrote || d->gone || draft_judge(ds, d) != 0)
        fuse_reply_err(req, 0);
    else
        answer_when_kept(ds, d, req);
}

void draft_release(fuse_req_t req, fuse_ino_t ino unused_arg, struct fuse_file_info *fi)
{
    handle_free(drafts_of(req), draft_handle(fi));
    fuse_reply_err(req, 0);
}
