/*
 * tree.c - attributes and texts of the rows
 *
 * What a file is follows from its inode number alone: the row says how it looks, the key for which
 * job. So nothing is allocated at a lookup and nothing is to be forgotten.
 */
#include "fs/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "fs/handle.h"
#include "fs/notify.h"
#include "fs/stream.h"

#define BLOCK 4096

struct place place_of(fuse_ino_t ino)
{
    unsigned low = INO_REST(ino) & 0xff;
    uint64_t rest = INO_REST(ino) >> 8;

    if (INO_IS_ATTEMPT(ino))
        return (struct place){ ROW_ATTEMPT + INO_ATTEMPT_FILE(ino), ATTEMPT_KEY(rest, low) };
    return (struct place){ (enum row_id)low, rest };
}

fuse_ino_t place_ino(struct place p)
{
    if (rows[p.row].key == KEY_IS_ATTEMPT)
        return INO_ATTEMPT(JOB_OF_KEY(p.key), ATTEMPT_OF_KEY(p.key), p.row - ROW_ATTEMPT);
    return INO_TREE(p.key, p.row);
}

struct place place_parent(struct place p)
{
    enum row_id in = rows[p.row].in;

    if (p.row == ROW_JOB && JOB_ELEMENT(p.key) > 0)
        return (struct place){ ROW_TASKS, JOB_WHOLE(p.key) };
    if (p.row == ROW_ATTEMPT)
        return (struct place){ in, JOB_OF_KEY(p.key) };
    return (struct place){ in, rows[in].key == rows[p.row].key ? p.key : 0 };
}

/* Only the whole of an array has elements. */
static enum row_jobs job_kind(struct mount *m, job_id id)
{
    struct job_brief b;

    if (JOB_ELEMENT(id) > 0)
        return IN_TASK;
    return service_list_elements(m->service, id, id, &b, 1) > 0 ? IN_ARRAY : IN_SINGLE;
}

bool place_is_of_job(struct place p)
{
    return rows[p.row].key == KEY_IS_JOB || rows[p.row].key == KEY_IS_ATTEMPT;
}

/* An attempt before the newest one: nothing of it changes, whatever its job does. */
static bool is_past(struct mount *m, struct place p)
{
    return rows[p.row].key == KEY_IS_ATTEMPT &&
           ATTEMPT_OF_KEY(p.key) < service_attempts(m->service, JOB_OF_KEY(p.key));
}

static bool has_files(struct mount *m, job_id id)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct stat st;

    return service_local_path(m->service, id, 0, JOB_FILES, &path) == 0 &&
           lstat(path.data, &st) == 0;
}

bool place_has(struct mount *m, struct place dir, enum row_id row)
{
    const struct row *r = &rows[row];

    if (r->in != dir.row || !r->name || row == ROW_ROOT)
        return false;
    if (row == ROW_LATEST)
        return service_latest(m->service) != 0;
    if (!place_is_of_job((struct place){ row, dir.key }))
        return true;
    if (r->in == ROW_JOB && r->jobs != ALL && !(r->jobs & job_kind(m, dir.key)))
        return false;
    if (r->kind == KIND_FILES && !has_files(m, dir.key))
        return false;
    /* The only one is the job itself. */
    if (row == ROW_ATTEMPTS && service_attempts(m->service, dir.key) < 2)
        return false;
    return !is_hidden(m->tree, (struct place){ row, dir.key });
}

int place_text(struct mount *m, struct place p, struct buf *out)
{
    const struct row *row = &rows[p.row];
    _cleanup_(viewp) struct job_view *v = NULL;
    int r;

    if (row->in == ROW_JOB || row->in == ROW_ATTEMPT) {
        v = service_job(m->service, JOB_OF_KEY(p.key));
        if (!v)
            return -ENOENT;
    }
    r = row->show(m, p.key, v, out);
    return r < 0 ? r : buf_error(out);
}

static void set_time(struct stat *st, int64_t ns)
{
    st->st_mtim.tv_sec = ns / NS_PER_S;
    st->st_mtim.tv_nsec = ns % NS_PER_S;
    st->st_atim = st->st_ctim = st->st_mtim;
}

static void set_size(struct stat *st, off_t size)
{
    st->st_size = size;
    st->st_blocks = (size + 511) / 512;
}

static uint64_t count_jobs(struct mount *m)
{
    uint64_t counts[JOB_STATE_COUNT] = { 0 }, all = 0;

    service_counts(m->service, counts);
    for (unsigned s = 0; s < JOB_STATE_COUNT; s++)
        all += counts[s];
    return all;
}

/* How many fixed directories lie in one; tasks/ and attempts/ are left out: they cost a look. */
static nlink_t count_dirs(struct place p)
{
    enum row_jobs kind = p.row == ROW_JOB && JOB_ELEMENT(p.key) > 0 ? IN_TASK : IN_SINGLE;
    nlink_t n = 0;

    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++)
        n += rows[r].in == p.row && rows[r].name && S_ISDIR(rows[r].mode) && r != ROW_ATTEMPTS &&
             (p.row != ROW_JOB || rows[r].jobs & kind);
    return n;
}

static int stat_dir(struct mount *m, struct place p, struct stat *st)
{
    const struct row *row = &rows[p.row];

    st->st_nlink = 2 + count_dirs(p);
    if (p.row == ROW_JOBS)
        st->st_nlink += count_jobs(m);
    if (row->holds == HOLDS_UNTIL_LISTED)
        set_time(st, p.row == ROW_STATE_JOBS ? notify_moved_ns(m->notify)
                                             : notify_listed_ns(m->notify));
    return 0;
}

static int stat_text(struct mount *m, struct place p, struct stat *st)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int r = place_text(m, p, &text);

    set_size(st, (off_t)text.len);
    return r;
}

static int stat_stream(struct mount *m, struct place p, struct stat *st)
{
    struct stat real;

    st->st_blksize = STREAM_BLOCK;
    if (stream_stat(m, p, &real) < 0)
        return 0;
    set_size(st, real.st_size);
    st->st_mtim = st->st_ctim = st->st_atim = real.st_mtim;
    return 0;
}

static int stat_events(struct mount *m, struct place p unused_arg, struct stat *st)
{
    struct stat real;

    set_size(st, service_events_size(m->service));
    if (fstat(service_events_fd(m->service), &real) == 0)
        st->st_mtim = st->st_ctim = st->st_atim = real.st_mtim;
    return 0;
}

/* The directories of other rooms: for the type in a listing; attributes are theirs to give. */
static int stat_elsewhere(struct mount *m unused_arg, struct place p unused_arg, struct stat *st)
{
    st->st_nlink = 2;
    return 0;
}

typedef int stat_fn(struct mount *m, struct place p, struct stat *st);

static stat_fn *const stats[] = {
    [KIND_DIR] = stat_dir,          [KIND_TEXT] = stat_text,         [KIND_LINK] = stat_text,
    [KIND_STREAM] = stat_stream,    [KIND_WAIT] = stat_text,         [KIND_EVENTS] = stat_events,
    [KIND_DRAFTS] = stat_elsewhere, [KIND_STAGE] = stat_elsewhere,   [KIND_FILES] = stat_elsewhere,
};

/*
 * Whether the kernel may keep what it hears. notify.c is told first and the answer is made after
 * that: what changes in between would else be missed by both.
 */
static bool may_keep(struct mount *m, struct place p, const struct job_brief *b)
{
    bool past = is_past(m, p);
    struct job_brief now;

    switch (rows[p.row].holds) {
    case HOLDS_ALWAYS:
        return true;
    case HOLDS_UNTIL_LISTED:
        notify_given_listing(m->notify, p.row, p.key);
        return true;
    case HOLDS_WHEN_ENDED:
    case HOLDS_A_MOMENT:
        if (!past && !job_ended(b->state))
            return false;
        notify_given(m->notify, b->id, ATTEMPT_OF_KEY(p.key));
        return past || (service_brief(m->service, b->id, &now) && job_ended(now.state));
    default:
        return false;
    }
}

int place_attr(struct mount *m, struct place p, const struct job_brief *known, struct stat *st)
{
    const struct row *row = &rows[p.row];
    int64_t ended_ns;

    memset(st, 0, sizeof(*st));
    st->st_ino = place_ino(p);
    st->st_mode = row->mode;
    st->st_nlink = 1;
    st->st_uid = m->uid;
    st->st_gid = m->gid;
    st->st_blksize = BLOCK;
    set_time(st, known ? known->changed_ns : m->born_ns);
    if (is_past(m, p) && service_attempt(m->service, JOB_OF_KEY(p.key), ATTEMPT_OF_KEY(p.key),
                                         &ended_ns, NULL) == 0)
        set_time(st, ended_ns);
    return stats[row->kind](m, p, st);
}

int place_stat(struct mount *m, struct place p, const struct job_brief *known, struct stat *st,
               bool *frozen)
{
    struct job_brief b = { 0 };

    if (place_is_of_job(p) && !known) {
        if (!service_brief(m->service, JOB_OF_KEY(p.key), &b))
            return -ENOENT;
        known = &b;
    }
    *frozen = may_keep(m, p, known);
    return place_attr(m, p, known, st);
}

static int drafts_entry(struct mount *m, struct place p, struct fuse_entry_param *e)
{
    const struct row *row = &rows[p.row];
    unsigned n = row->drafts + (row->key == KEY_IS_CLUSTER ? CLUSTER_OF_KEY(p.key) : 0);
    bool frozen;
    int r = place_stat(m, p, NULL, &e->attr, &frozen);

    e->ino = e->attr.st_ino = INO_DRAFT_DIR(n);
    e->entry_timeout = FROZEN_S;
    e->attr_timeout = DRAFTS_S;
    return r;
}

int place_entry(struct mount *m, struct place p, const struct job_brief *known,
                struct fuse_entry_param *e)
{
    const struct row *row = &rows[p.row];
    bool frozen;
    int r;

    memset(e, 0, sizeof(*e));
    if (row->kind == KIND_STAGE)
        return pass_stage(m, e);
    if (row->kind == KIND_FILES)
        return pass_files(m, p.key, e);
    if (row->kind == KIND_DRAFTS)
        return drafts_entry(m, p, e);
    r = place_stat(m, p, known, &e->attr, &frozen);
    if (r < 0)
        return r;
    e->ino = e->attr.st_ino;
    e->attr_timeout = frozen ? FROZEN_S : LIVE_S;
    /* A name that the table fixes, in a directory that it fixes, stays; its attributes may not. */
    e->entry_timeout = row->name && rows[row->in].holds == HOLDS_ALWAYS ? FROZEN_S
                                                                       : e->attr_timeout;
    return 0;
}

int tree_open(struct tree **tp)
{
    *tp = calloc(1, sizeof(**tp));
    return *tp ? 0 : -ENOMEM;
}

/* Files that were open when the mount went away have seen no release. */
void tree_close(struct tree *t)
{
    if (!t)
        return;
    while (t->handles)
        handle_free(t->handles);
    free(t->hidden);
    free(t);
}
