/*
 * reader.c - the FUSE loop's own look at the database
 *
 * Every call is one indexed look-up in a file of this machine; nothing is kept here but the
 * prepared statements and SQLite's small page cache.
 */
#include "reader.h"

#include <errno.h>
#include <stdlib.h>

#include "journal.h"
#include "rows.h"
#include "sql.h"
#include "views.h"

struct reader {
    struct sql sql;
};

#define I(x) ((int64_t)(x))

int reader_open(struct reader **rp, const char *dir, struct error *e)
{
    struct reader *rd = calloc(1, sizeof(*rd));
    int            r;

    if (!rd)
        return -ENOMEM;
    rd->sql = (struct sql)SQL_INIT;
    r = sql_open(&rd->sql, dir, true, e);
    if (r) {
        reader_close(rd);
        return r;
    }
    *rp = rd;
    return 0;
}

void reader_close(struct reader *rd)
{
    if (!rd)
        return;
    sql_close(&rd->sql);
    free(rd);
}

struct job_view *reader_job(struct reader *rd, job_id id)
{
    struct sqlite3_stmt *st = sql_bind(&rd->sql, SQL_JOB_LOAD, "i", I(id));
    struct stored_job    j;
    struct job_view     *v;

    if (sql_step(&rd->sql, st) <= 0)
        return NULL;
    row_job(st, &j, false);
    v = job_view_make(&j.v);
    sql_reset(st);
    return v;
}

static void brief_from(struct sqlite3_stmt *st, const struct config *c, struct job_brief *b)
{
    const struct cluster *cluster = config_cluster(c, row_brief(st, b));

    b->cluster = cluster ? (uint8_t)cluster->index : 0;
}

size_t reader_elements(struct reader *rd, const struct config *c, job_id whole, job_id after,
                       struct job_brief *v, size_t n)
{
    job_id               first = after > whole ? after : whole;
    job_id               last = JOB_ID(JOB_NUMBER(whole) + 1, 0) - 1;
    size_t               got = 0;
    struct sqlite3_stmt *st =
        sql_bind(&rd->sql, SQL_ELEMENTS_BRIEF, "iii", I(first), I(last), I(n));

    while (got < n && sql_step(&rd->sql, st) > 0)
        brief_from(st, c, &v[got++]);
    sql_reset(st);
    return got;
}

bool reader_brief(struct reader *rd, const struct config *c, job_id id, struct job_brief *b)
{
    return reader_elements(rd, c, JOB_WHOLE(id), id - 1, b, 1) && b->id == id;
}

int reader_spec(struct reader *rd, job_id id, struct buf *out)
{
    struct sqlite3_stmt *st = sql_bind(&rd->sql, SQL_JOB_SPEC, "i", I(JOB_WHOLE(id)));
    int                  r = sql_step(&rd->sql, st);

    if (r <= 0)
        return r ? r : -ENOENT;
    r = buf_add_span(out, sql_blob(st, 0));
    sql_reset(st);
    return r;
}

/* What was before the first attempt began counts as the first one's. */
static uint32_t attempt_of(const struct stored_event *ev)
{
    return ev->attempt ? ev->attempt : 1;
}

int reader_events(struct reader *rd, job_id id, uint32_t attempt, struct buf *out)
{
    struct sqlite3_stmt *st = sql_bind(&rd->sql, SQL_EVENTS_OF_JOB, "i", I(id));
    struct stored_event  ev;
    int                  r;

    while ((r = sql_step(&rd->sql, st)) > 0) {
        row_event(st, &ev);
        if (!attempt || attempt_of(&ev) == attempt)
            journal_format(&ev, out);
    }
    return r ? r : buf_error(out);
}

/* How an attempt was left: the last words about its end, or else those of what came instead. */
struct leaving {
    int64_t    over_ns;
    bool       told;
    struct buf words;
};

static int say(struct leaving *l, const char *words)
{
    l->words.len = 0;
    return buf_add_str(&l->words, words);
}

static int hear_of(struct leaving *l, const struct stored_event *ev)
{
    static const bool tells[JOB_EVENT_COUNT] = {
        [EV_EXITED] = true, [EV_VANISHED] = true,  [EV_REFUSED] = true,
        [EV_FAILED] = true, [EV_CANCELLED] = true,
    };

    l->over_ns = ev->at_ns;
    if (!tells[ev->event] && !job_ended(ev->state))
        return 0;
    if (!*ev->detail)
        return l->told || !job_ended(ev->state) ? 0 : say(l, job_state_name(ev->state));
    l->told = true;
    return say(l, ev->detail);
}

static int hear_next(struct leaving *l, const struct stored_event *ev)
{
    if (ev->event != EV_REQUEUED)
        return 0;
    l->over_ns = ev->at_ns;
    return say(l, ev->detail);
}

int reader_attempt(struct reader *rd, job_id id, uint32_t attempt, int64_t *over_ns,
                   struct buf *reason)
{
    struct sqlite3_stmt *st = sql_bind(&rd->sql, SQL_EVENTS_OF_JOB, "i", I(id));
    struct leaving       l = { .words = BUF_INIT };
    struct stored_event  ev;
    int                  r;

    while ((r = sql_step(&rd->sql, st)) > 0) {
        row_event(st, &ev);
        if (attempt_of(&ev) == attempt)
            r = hear_of(&l, &ev);
        else if (attempt_of(&ev) == attempt + 1)
            r = hear_next(&l, &ev);
        if (r < 0)
            break;
    }
    sql_reset(st);
    *over_ns = l.over_ns;
    if (r >= 0)
        r = l.over_ns ? 0 : -ENOENT;
    if (r == 0 && reason)
        r = buf_add_span(reason, buf_span(&l.words));
    buf_release(&l.words);
    return r;
}

static uint64_t first_number(struct reader *rd, struct sqlite3_stmt *st)
{
    uint64_t value = 0;

    if (sql_step(&rd->sql, st) > 0) {
        value = (uint64_t)sql_int(st, 0);
        sql_reset(st);
    }
    return value;
}

uint64_t reader_counter(struct reader *rd, const char *name)
{
    return first_number(rd, sql_bind(&rd->sql, SQL_COUNTER_GET, "t", name));
}

job_id reader_by_name(struct reader *rd, const char *name)
{
    return JOB_WHOLE(first_number(rd, sql_bind(&rd->sql, SQL_NAME_GET, "t", name)));
}

job_id reader_name_after(struct reader *rd, job_id after, struct buf *name)
{
    struct sqlite3_stmt *st = sql_bind(&rd->sql, SQL_NAME_AFTER, "i", I(after));
    job_id               id = 0;

    if (sql_step(&rd->sql, st) > 0) {
        id = (job_id)sql_int(st, 0);
        buf_release(name);
        if (buf_add_str(name, sql_text(st, 1)))
            id = 0;
        sql_reset(st);
    }
    return id;
}

static int one_draft(struct reader *rd, struct sqlite3_stmt *st, bool with_text,
                     struct draft_record *d)
{
    int r = sql_step(&rd->sql, st);

    if (r <= 0)
        return r ? r : -ENOENT;
    r = row_draft(st, with_text, d);
    sql_reset(st);
    return r;
}

int reader_draft_find(struct reader *rd, const char *cluster, const char *name,
                      struct draft_record *d)
{
    return one_draft(rd, sql_bind(&rd->sql, SQL_DRAFT_FIND, "tt", cluster, name), false, d);
}

int reader_draft_load(struct reader *rd, uint64_t id, bool with_text, struct draft_record *d)
{
    return one_draft(rd, sql_bind(&rd->sql, SQL_DRAFT_LOAD, "i", I(id)), with_text, d);
}

int reader_draft_after(struct reader *rd, const char *cluster, uint64_t after,
                       struct draft_record *d)
{
    return one_draft(rd, sql_bind(&rd->sql, SQL_DRAFT_AFTER, "ti", cluster, I(after)), false, d);
}
