/*
 * draft-rename.c - a new name for a draft, or a directory from stage/
 *
 * Writing a temporary file and renaming it is how careful programs write; so what gets a plain
 * name and was no job yet becomes one, as if it had been closed under that name. What is a job
 * already only changes its name: an editor that moves it aside as its backup starts nothing.
 */
#include "fs/draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/pass.h"

struct move {
    fuse_req_t     req;
    struct drafts *ds;
    unsigned       from, to;
    const char    *name, *newname;
    struct draft  *draft;
    struct draft  *over; /* what has the name now, or NULL */
};

static int find_and_take(struct drafts *ds, unsigned dir, const char *name, bool text,
                         struct draft **dp)
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    const struct draft_record                   *rec;
    int                                          r = drafts_find(ds, dir, name, &room, &rec);

    return r < 0 ? r : drafts_take(ds, rec->id, text, dp);
}

static int move_allowed(fuse_ino_t newparent, const struct move *mv, unsigned flags)
{
    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return -EINVAL;
    if (name_is_error(mv->name))
        return -EPERM;
    /* check/ keeps nothing, so there is nothing to move: mv copies then. */
    if ((mv->from == DIR_CHECK) != (mv->to == DIR_CHECK))
        return -EXDEV;
    return draft_name_allowed(newparent, mv->newname);
}

static int move_find(struct move *mv, unsigned flags)
{
    int r = find_and_take(mv->ds, mv->from, mv->name, true, &mv->draft);

    if (r < 0)
        return r;
    r = find_and_take(mv->ds, mv->to, mv->newname, false, &mv->over);
    if (r == -ENOENT) {
        mv->over = NULL;
        return 0;
    }
    return r == 0 && (flags & RENAME_NOREPLACE) ? -EEXIST : r;
}

/* With a writer at work, its release submits under the new name. */
static bool move_submits(const struct move *mv)
{
    return mv->draft->rec.status != DRAFT_SUBMITTED && mv->draft->writers == 0 &&
           name_submits(mv->newname);
}

/* Nothing is moved when it is no spec; the sentence goes to the name that it was to get. */
static int move_judge(struct move *mv)
{
    struct error e = ERROR_INIT;

    if (draft_verdict(mv->ds, mv->draft, mv->to, &e) == 0)
        return 0;
    refusal_add(mv->ds, mv->to, mv->newname, e.text);
    return -EINVAL;
}

static int move_do(struct move *mv, bool submits)
{
    struct draft *d = mv->draft;
    int           r = drafts_rename(mv->ds, d, mv->to, mv->newname);

    if (r < 0)
        return r;
    if (mv->over && mv->over != d)
        drafts_remove(mv->ds, mv->over);
    if (name_submits(mv->newname))
        d->waits = false;
    /* What was judged, was judged under its old name. */
    if (d->writers > 0 || submits)
        d->changed = true;
    return 0;
}

static void move_answer(struct move *mv, bool submits)
{
    struct draft *d = mv->draft;
    bool          kept_here = d->dir == DIR_CHECK || d->writers > 0;

    if (submits)
        draft_judge(mv->ds, d);
    if (kept_here)
        fuse_reply_err(mv->req, 0);
    else
        draft_keep(mv->ds, d, mv->req);
    if (submits)
        draft_finish(mv->ds, d);
    drafts_sweep(mv->ds);
}

static void rename_draft(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
                         const char *newname, unsigned flags)
{
    struct move mv = {
        .req = req,
        .ds = drafts_of(req),
        .from = draft_ino_dir(parent),
        .to = draft_ino_dir(newparent),
        .name = name,
        .newname = newname,
    };
    bool submits = false;
    int  r = move_allowed(newparent, &mv, flags);

    if (r == 0)
        r = move_find(&mv, flags);
    if (r == 0) {
        submits = move_submits(&mv);
        r = submits ? move_judge(&mv) : 0;
    }
    if (r == 0)
        r = move_do(&mv, submits);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        move_answer(&mv, submits);
}

/*
 * `mv stage/DIR submit/`. A file of stage/ is on another file system, as far as we say: mv copies
 * it then, which submits it like any copy, and removes it.
 */
static void rename_from_stage(fuse_req_t req, fuse_ino_t parent, const char *name,
                              fuse_ino_t newparent, const char *newname, unsigned flags)
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    _cleanup_(bufp) struct buf                   path = BUF_INIT;
    struct drafts                               *ds = drafts_of(req);
    unsigned                                     dir = draft_ino_dir(newparent);
    const struct draft_record                   *rec;
    int r = flags & ~(unsigned)RENAME_NOREPLACE ? -EINVAL : draft_name_allowed(newparent, newname);

    if (r == 0 && (dir == DIR_CHECK || !name_submits(newname)))
        r = -EPERM;
    if (r == 0 && drafts_find(ds, dir, newname, &room, &rec) == 0)
        r = -EEXIST;
    if (r == 0)
        r = pass_stage_dir(ds->m, parent, name, &path);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        draft_submit_dir(ds, dir, newname, path.data, req, parent, name);
}

void draft_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
                  const char *newname, unsigned flags)
{
    if (!draft_may(req))
        return;
    if (INO_ROOM(parent) == ROOM_PASS)
        rename_from_stage(req, parent, name, newparent, newname, flags);
    else
        rename_draft(req, parent, name, newparent, newname, flags);
}
