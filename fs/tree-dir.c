/*
 * tree-dir.c - directories of ROOM_TREE: finding, listing, removing
 *
 * The place in a listing is: 1 and 2 for "." and "..", then the fixed rows by their number, then
 * the other entries by their key. Keys only grow and are never used twice, so a listing that goes
 * on after jobs came and went neither skips nor repeats one, and nothing is kept between calls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/lent.h"
#include "fs/notify.h"
#include "fs/tree.h"
#include "fs/waiters.h"
#include "fs/watched.h"

#define OFF_FIXED 2                      /* the row's number is added ... */
#define OFF_LISTED (OFF_FIXED + ROW_COUNT) /* ... or the key             */
#define ITEMS 64

int place_find(struct mount *m, struct place dir, const char *name, struct place *p)
{
    const struct row *row = &rows[dir.row];
    uint64_t key;

    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++) {
        if (rows[r].in != dir.row || !rows[r].name || strcmp(rows[r].name, name) != 0 ||
            !place_has(m, dir, (enum row_id)r))
            continue;
        *p = (struct place){ (enum row_id)r, dir.key };
        return 0;
    }
    key = row->list ? row->list->find(m, dir.key, name) : 0;
    *p = (struct place){ row->each, key };
    return key && !is_hidden(m->tree, *p) ? 0 : -ENOENT;
}

/* A listing that is being written into the kernel's buffer. */
struct listing {
    fuse_req_t    req;
    struct mount *mount;
    char         *data;
    size_t        size, used;
    bool          plus; /* with attributes */
};

/* The kernel looks up by itself what it has not been told: rows that count their lookups. */
static bool counts_lookups(struct place p)
{
    return rows[p.row].kind == KIND_STAGE || rows[p.row].kind == KIND_FILES;
}

/* The least: type and inode number. */
static void name_only(struct place p, struct fuse_entry_param *e)
{
    memset(e, 0, sizeof(*e));
    e->attr.st_ino = place_ino(p);
    e->attr.st_mode = rows[p.row].mode;
}

/* False when there is no room left. */
static bool list_entry(struct listing *l, const char *name, const struct fuse_entry_param *e,
                       off_t off)
{
    size_t room = l->size - l->used, need;

    need = l->plus ? fuse_add_direntry_plus(l->req, l->data + l->used, room, name, e, off)
                   : fuse_add_direntry(l->req, l->data + l->used, room, name, &e->attr, off);
    if (need > room)
        return false;
    l->used += need;
    return true;
}

/*
 * Who lists asks for each of them next. Lent before it is looked at again: what changes in between
 * would else be missed. Of the elements of an array each would have to be taken back.
 */
static void lend(struct mount *m, struct place p, const struct job_brief *b,
                 struct fuse_entry_param *e)
{
    struct job_brief now;

    if (rows[p.row].holds != HOLDS_A_MOMENT || !b || job_ended(b->state) || JOB_ELEMENT(b->id))
        return;
    lent_give(m->lent, b->id,
              p.row == ROW_STATE_LINK ? LENT_STATE(b->state) : LENT_ELSEWHERE);
    if (service_brief(m->service, b->id, &now) && now.state == b->state &&
        now.changed_ns == b->changed_ns)
        e->entry_timeout = e->attr_timeout = MOMENT_S;
}

/* The same for a file; one that is gone by now is passed over. */
static bool list_place(struct listing *l, const char *name, struct place p,
                       const struct job_brief *b, off_t off)
{
    struct fuse_entry_param e;

    if (!l->plus || counts_lookups(p))
        name_only(p, &e);
    else if (place_entry(l->mount, p, b, &e) < 0)
        return true;
    else
        lend(l->mount, p, b, &e);
    /* Who comes to watch what the kernel has of these does not ask us again. */
    if (l->plus && (rows[p.row].holds == HOLDS_UNTIL_LISTED || e.attr_timeout == MOMENT_S))
        watched_listed(notify_watched(l->mount->notify), p);
    return list_entry(l, name, &e, off);
}

static bool list_dots(struct listing *l, struct place dir, off_t off)
{
    struct fuse_entry_param e;

    name_only(dir, &e);
    if (off < 1 && !list_entry(l, ".", &e, 1))
        return false;
    name_only(place_parent(dir), &e);
    return off >= 2 || list_entry(l, "..", &e, 2);
}

static bool list_rows(struct listing *l, struct place dir, off_t off)
{
    unsigned first = off > OFF_FIXED ? (unsigned)(off - OFF_FIXED) + 1 : ROW_ROOT + 1;

    for (unsigned r = first; r < ROW_COUNT; r++) {
        struct place p = { (enum row_id)r, dir.key };

        if (place_has(l->mount, dir, p.row) &&
            !list_place(l, rows[r].name, p, NULL, OFF_FIXED + (off_t)r))
            return false;
    }
    return true;
}

static bool list_items(struct listing *l, struct place dir, off_t off)
{
    const struct row *row = &rows[dir.row];
    uint64_t after = off > OFF_LISTED ? (uint64_t)(off - OFF_LISTED) : 0;
    struct item items[ITEMS];
    size_t n = row->list ? row->list->next(l->mount, dir.key, after, items, ITEMS) : 0;

    while (n > 0) {
        for (size_t i = 0; i < n; i++) {
            const struct job_brief *b = items[i].brief.id ? &items[i].brief : NULL;
            struct place p = { row->each, items[i].key };

            after = items[i].key;
            if (!is_hidden(l->mount->tree, p) &&
                !list_place(l, items[i].name, p, b, OFF_LISTED + (off_t)after))
                return false;
        }
        n = row->list->next(l->mount, dir.key, after, items, ITEMS);
    }
    return true;
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, bool plus)
{
    struct place dir = place_of(ino);
    _cleanup_(freep) char *data = malloc(size);
    struct listing l = { req, fuse_req_userdata(req), data, size, 0, plus };

    if (!data) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    if (off < OFF_LISTED)
        (void)(list_dots(&l, dir, off) && list_rows(&l, dir, off) && list_items(&l, dir, off));
    else
        list_items(&l, dir, off);
    fuse_reply_buf(req, data, l.used);
}

void tree_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                  struct fuse_file_info *fi unused_arg)
{
    list(req, ino, size, off, false);
}

void tree_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                      struct fuse_file_info *fi unused_arg)
{
    list(req, ino, size, off, true);
}

void tree_opendir(fuse_req_t req, fuse_ino_t ino unused_arg, struct fuse_file_info *fi)
{
    fuse_reply_open(req, fi);
}

/* What may be removed: files and directories of a job, once it has ended. */
static int removable(struct mount *m, fuse_ino_t parent, const char *name, bool is_dir,
                     struct place *p)
{
    struct job_brief b;
    int r = place_find(m, place_of(parent), name, p);

    if (r < 0)
        return r;
    if (is_dir != S_ISDIR(rows[p->row].mode))
        return is_dir ? -ENOTDIR : -EISDIR;
    if (rows[p->row].in != ROW_JOB && p->row != ROW_JOB && rows[p->row].key != KEY_IS_ATTEMPT)
        return -EPERM;
    /* Of an array the whole has to have ended: it is what will be removed. */
    if (!service_brief(m->service, JOB_WHOLE(JOB_OF_KEY(p->key)), &b))
        return -ENOENT;
    return job_ended(b.state) ? 0 : -EBUSY;
}

void tree_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct mount *m = fuse_req_userdata(req);
    struct place p;
    int r = removable(m, parent, name, false, &p);

    if (r == 0)
        r = hide(m->tree, p);
    fuse_reply_err(req, -r);
}

/* A job directory that is being removed for good. */
struct removal {
    struct waiters *waiters;
    uint64_t        ticket;
};

static void removal_done(void *arg, int r, const struct error *e unused_arg)
{
    _cleanup_(freep) struct removal *removal = arg;
    fuse_req_t req = waiters_claim(removal->waiters, removal->ticket);

    if (req)
        fuse_reply_err(req, -r);
}

static void remove_job(struct mount *m, fuse_req_t req, job_id id)
{
    struct removal *removal = malloc(sizeof(*removal));

    if (!removal) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    *removal = (struct removal){ m->waiters, waiters_park(m->waiters, req) };
    if (!removal->ticket) {
        free(removal);
        return;
    }
    hide_forget(m->tree, id);
    service_forget(m->service, id, removal_done, removal);
}

/* The whole job goes when its own directory does; anything below it is only hidden. */
void tree_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct mount *m = fuse_req_userdata(req);
    struct place p;
    int r = removable(m, parent, name, true, &p);

    if (r == 0 && p.row == ROW_JOB && JOB_ELEMENT(p.key) == 0) {
        remove_job(m, req, p.key);
        return;
    }
    if (r == 0)
        r = hide(m->tree, p);
    fuse_reply_err(req, -r);
}
