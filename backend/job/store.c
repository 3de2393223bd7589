/*
 * store.c - jobs, events and drafts on disk
 *
 * A thin layer of verbs over the statements of sql.c. A lock file keeps a second daemon out: the
 * kernel drops the lock when the process ends, however it ends, so there is nothing to clean up.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "rows.h"
#include "sql.h"

struct store {
    struct sql sql;
    int        lock_fd;
};

#define I(x) ((int64_t)(x))

static int take_lock(struct store *st, const char *dir, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;

    if (buf_printf(&path, "%s/lock", dir))
        return -ENOMEM;
    st->lock_fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (st->lock_fd < 0)
        return error_set(e, -errno, "%s cannot be opened: %s", path.data, strerror(errno));
    if (flock(st->lock_fd, LOCK_EX | LOCK_NB))
        return error_set(e, -EBUSY,
                         "another clustrixfs is using %s: unmount that one first, or mount this "
                         "one with -o state=ANOTHER_DIRECTORY",
                         dir);
    return 0;
}

int store_open(struct store **sp, const char *dir, struct error *e)
{
    struct store *st = calloc(1, sizeof(*st));
    int           r;

    if (!st)
        return -ENOMEM;
    st->lock_fd = -1;
    st->sql = (struct sql)SQL_INIT;
    r = take_lock(st, dir, e);
    if (!r)
        r = sql_open(&st->sql, dir, false, e);
    if (r) {
        store_close(st);
        return r;
    }
    *sp = st;
    return 0;
}

void store_close(struct store *st)
{
    if (!st)
        return;
    sql_close(&st->sql);
    if (st->lock_fd >= 0)
        close(st->lock_fd);
    free(st);
}

const char *store_error(struct store *st)
{
    return sql_error(&st->sql);
}

int store_begin(struct store *st, bool sync)
{
    int r = sql_set_sync(&st->sql, sync);

    return r ? r : sql_run(&st->sql, SQL_BEGIN, "");
}

int store_sync(struct store *st)
{
    return sql_sync(&st->sql);
}

int store_commit(struct store *st)
{
    return sql_run(&st->sql, SQL_COMMIT, "");
}

void store_rollback(struct store *st)
{
    /* SQLite rolls back by itself after some errors; then there is nothing to do here. */
    if (sql_run(&st->sql, SQL_ROLLBACK, ""))
        return;
}

static const char *or_null(const char *s)
{
    return s && *s ? s : NULL;
}

int store_insert_job(struct store *st, const struct stored_job *j)
{
    _cleanup_(bufp) struct buf counts = BUF_INIT;
    const struct job_view *v = &j->v;
    int                    r = counts_format(v->counts, &counts);

    if (!r)
        r = sql_run(&st->sql, SQL_JOB_INSERT, "itttiiiiiiittttiiiiiiiiiiiittttb", I(v->id),
                    v->token, v->cluster, or_null(v->name), I(v->state), I(v->cause),
                    I(v->exit_code), I(v->signal), I(v->attempt), I(j->wish), I(v->elements),
                    or_null(v->native),
                    or_null(v->node), or_null(v->memory_by), or_null(v->reason),
                    v->times.accepted_ns, v->times.started_ns, v->times.ended_ns,
                    v->times.changed_ns, I(v->usage.user_us), I(v->usage.system_us),
                    I(v->usage.max_memory), I(v->cores), I(v->memory), I(v->time_s),
                    I(v->priority), I(v->retries), or_null(j->waits), or_null(j->inputs),
                    or_null(counts.data), or_null(v->alias), JOB_ELEMENT(v->id) ? NULL : &j->spec);
    if (!r && !JOB_ELEMENT(v->id))
        r = store_raise_counter(st, "job", JOB_NUMBER(v->id));
    if (!r && or_null(v->name) && !JOB_ELEMENT(v->id))
        r = sql_run(&st->sql, SQL_NAME_SET, "ti", v->name, I(v->id));
    if (!r && or_null(v->alias))
        r = sql_run(&st->sql, SQL_NAME_SET, "ti", v->alias, I(v->id + 1));
    return r;
}

int store_update_job(struct store *st, const struct stored_job *j)
{
    _cleanup_(bufp) struct buf counts = BUF_INIT;
    const struct job_view *v = &j->v;
    int                    r = counts_format(v->counts, &counts);

    return r ? r
             : sql_run(&st->sql, SQL_JOB_UPDATE, "iiiiiiittttiiiiiitt", I(v->id), I(v->state),
                       I(v->cause), I(v->exit_code), I(v->signal), I(v->attempt), I(j->wish),
                       or_null(v->native), or_null(v->node), or_null(v->memory_by),
                       or_null(v->reason), v->times.started_ns, v->times.ended_ns,
                       v->times.changed_ns, I(v->usage.user_us), I(v->usage.system_us),
                       I(v->usage.max_memory), or_null(j->inputs), or_null(counts.data));
}

int store_add_event(struct store *st, const struct stored_event *ev)
{
    return sql_run(&st->sql, SQL_EVENT_INSERT, "iiiiiitt", I(ev->seq), I(ev->job), ev->at_ns,
                   I(ev->event), I(ev->state), I(ev->attempt), ev->evidence, ev->detail);
}

int store_forget_job(struct store *st, job_id whole, const char *name, const char *alias)
{
    int64_t last = I(JOB_ID(JOB_NUMBER(whole) + 1, 0) - 1);
    int     r = sql_run(&st->sql, SQL_DRAFTS_TAKE_TEXT, "i", I(whole));

    if (!r)
        r = sql_run(&st->sql, SQL_JOB_DELETE, "ii", I(whole), last);
    if (!r)
        r = sql_run(&st->sql, SQL_EVENTS_DELETE, "ii", I(whole), last);
    if (!r)
        r = sql_run(&st->sql, SQL_NAME_DROP, "i", I(whole));
    if (!r && or_null(name))
        r = sql_run(&st->sql, SQL_NAME_FALL_BACK, "t", name);
    if (!r && or_null(alias))
        r = sql_run(&st->sql, SQL_NAME_FALL_BACK, "t", alias);
    return r;
}

int store_keep_draft(struct store *st, const struct draft_record *d)
{
    struct span text = buf_span(&d->text);
    /* The text of a submitted draft is its job's spec, unless it was handed over at forgetting. */
    bool keeps_text = d->status != DRAFT_SUBMITTED || text.len;
    int  r = sql_run(&st->sql, SQL_DRAFT_REPLACED, "tti", d->cluster, d->name, I(d->id));

    if (!r)
        r = sql_run(&st->sql, SQL_DRAFT_KEEP, "ittiiiiiitib", I(d->id), d->cluster, d->name,
                    I(d->mode), I(d->uid), I(d->gid), d->mtime_ns, I(d->status), I(d->size),
                    d->why, I(d->job), keeps_text ? &text : NULL);
    if (!r)
        r = store_raise_counter(st, "draft", d->id);
    return r;
}

int store_submit_draft(struct store *st, uint64_t draft, job_id job)
{
    return sql_run(&st->sql, SQL_DRAFT_SUBMITTED, "iii", I(draft), I(DRAFT_SUBMITTED), I(job));
}

int store_remove_draft(struct store *st, uint64_t draft)
{
    return sql_run(&st->sql, SQL_DRAFT_REMOVE, "i", I(draft));
}

int store_add_removal(struct store *st, const char *cluster, const char *token)
{
    return sql_run(&st->sql, SQL_REMOVAL_ADD, "tt", cluster, token);
}

int store_drop_removal(struct store *st, const char *cluster, const char *token)
{
    return sql_run(&st->sql, SQL_REMOVAL_DROP, "tt", cluster, token);
}

/* Walk a bound statement; `each` returns non-zero to end it. */
typedef int each_fn(void *arg, struct sqlite3_stmt *row);

static int walk(struct store *st, struct sqlite3_stmt *rows, each_fn *each, void *arg)
{
    int r;

    while ((r = sql_step(&st->sql, rows)) > 0) {
        r = each(arg, rows);
        if (r) {
            sql_reset(rows);
            return r;
        }
    }
    return r;
}

struct job_walk {
    store_job_fn *fn;
    void         *arg;
    bool          found;
};

static int each_job(void *arg, struct sqlite3_stmt *row)
{
    struct job_walk  *w = arg;
    struct stored_job j;

    w->found = true;
    row_job(row, &j, true);
    return w->fn(w->arg, &j);
}

int store_each_live(struct store *st, store_job_fn *fn, void *arg)
{
    struct job_walk w = { .fn = fn, .arg = arg };

    return walk(st, sql_bind(&st->sql, SQL_JOBS_LIVE, ""), each_job, &w);
}

struct id_walk {
    store_id_fn *fn;
    void        *arg;
};

static int each_id(void *arg, struct sqlite3_stmt *row)
{
    struct id_walk *w = arg;

    return w->fn(w->arg, (job_id)sql_int(row, 0));
}

int store_each_failed(struct store *st, job_id first, job_id last, store_id_fn *fn, void *arg)
{
    struct id_walk w = { fn, arg };

    return walk(st, sql_bind(&st->sql, SQL_JOBS_FAILED, "ii", I(first), I(last)), each_id, &w);
}

int store_load_job(struct store *st, job_id id, store_job_fn *fn, void *arg)
{
    struct job_walk w = { .fn = fn, .arg = arg };
    int             r = walk(st, sql_bind(&st->sql, SQL_JOB_LOAD, "i", I(id)), each_job, &w);

    return r || w.found ? r : -ENOENT;
}

struct brief_walk {
    store_brief_fn *fn;
    void           *arg;
};

static int each_brief(void *arg, struct sqlite3_stmt *row)
{
    struct brief_walk *w = arg;
    struct job_brief   b;
    const char        *cluster = row_brief(row, &b);

    return w->fn(w->arg, &b, cluster);
}

int store_each_brief(struct store *st, store_brief_fn *fn, void *arg)
{
    struct brief_walk w = { fn, arg };

    return walk(st, sql_bind(&st->sql, SQL_JOBS_BRIEF, ""), each_brief, &w);
}

struct draft_walk {
    store_draft_fn *fn;
    void           *arg;
};

static int each_draft(void *arg, struct sqlite3_stmt *row)
{
    struct draft_walk *w = arg;
    _cleanup_(draft_recordp) struct draft_record d = { .text = BUF_INIT };
    int r = row_draft(row, true, &d);

    return r ? r : w->fn(w->arg, &d);
}

int store_each_ready(struct store *st, store_draft_fn *fn, void *arg)
{
    struct draft_walk w = { fn, arg };

    return walk(st, sql_bind(&st->sql, SQL_DRAFTS_READY, "i", I(DRAFT_READY)), each_draft, &w);
}

struct event_walk {
    store_event_fn *fn;
    void           *arg;
};

static int each_event(void *arg, struct sqlite3_stmt *row)
{
    struct event_walk  *w = arg;
    struct stored_event ev;

    row_event(row, &ev);
    return w->fn(w->arg, &ev);
}

int store_each_event(struct store *st, uint64_t after, store_event_fn *fn, void *arg)
{
    struct event_walk w = { fn, arg };

    return walk(st, sql_bind(&st->sql, SQL_EVENTS_SINCE, "i", I(after)), each_event, &w);
}

struct removal_walk {
    store_removal_fn *fn;
    void             *arg;
};

static int each_removal(void *arg, struct sqlite3_stmt *row)
{
    struct removal_walk *w = arg;

    return w->fn(w->arg, sql_text(row, 0), sql_text(row, 1));
}

int store_each_removal(struct store *st, store_removal_fn *fn, void *arg)
{
    struct removal_walk w = { fn, arg };

    return walk(st, sql_bind(&st->sql, SQL_REMOVALS, ""), each_removal, &w);
}

/* The first column of the first row, or 0. */
static uint64_t first_number(struct store *st, struct sqlite3_stmt *row)
{
    uint64_t value = 0;

    if (sql_step(&st->sql, row) > 0) {
        value = (uint64_t)sql_int(row, 0);
        sql_reset(row);
    }
    return value;
}

uint64_t store_counter(struct store *st, const char *name)
{
    return first_number(st, sql_bind(&st->sql, SQL_COUNTER_GET, "t", name));
}

int store_raise_counter(struct store *st, const char *name, uint64_t value)
{
    return sql_run(&st->sql, SQL_COUNTER_RAISE, "ti", name, I(value));
}

uint64_t store_last_event(struct store *st)
{
    return first_number(st, sql_bind(&st->sql, SQL_EVENT_LAST, ""));
}

bool store_has_token(struct store *st, const char *token)
{
    return first_number(st, sql_bind(&st->sql, SQL_JOB_TOKEN, "t", token)) != 0;
}

job_id store_by_name(struct store *st, const char *name)
{
    return JOB_WHOLE(first_number(st, sql_bind(&st->sql, SQL_NAME_GET, "t", name)));
}
