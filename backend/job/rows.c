/*
 * rows.c - a row of the database as a struct, for the store and the reader alike
 *
 * The column numbers are those of the column lists in sql.c. Rows come from our own database, but
 * a disk can lie: enums out of range become NONE instead of an index into nowhere.
 */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

static int enum_of(struct sqlite3_stmt *st, int column, int count)
{
    int64_t v = sql_int(st, column);

    return v >= 0 && v < count ? (int)v : 0;
}

static void row_times(struct sqlite3_stmt *st, struct job_view *v)
{
    v->times = (struct job_times){
        .accepted_ns = sql_int(st, 15),
        .started_ns = sql_int(st, 16),
        .ended_ns = sql_int(st, 17),
        .changed_ns = sql_int(st, 18),
    };
    v->usage = (struct job_usage){
        .user_us = (uint64_t)sql_int(st, 19),
        .system_us = (uint64_t)sql_int(st, 20),
        .max_memory = (uint64_t)sql_int(st, 21),
    };
}

void row_job(struct sqlite3_stmt *st, struct stored_job *j, bool with_spec)
{
    struct job_view *v = &j->v;

    *j = (struct stored_job){
        .wish = (unsigned)sql_int(st, 9),
        .waits = sql_text(st, 27),
        .inputs = sql_text(st, 28),
        .spec = with_spec ? sql_blob(st, 31) : SPAN_LIT(""),
    };
    v->id = (job_id)sql_int(st, 0);
    strncpy(v->token, sql_text(st, 1), JOB_TOKEN_LEN);
    v->cluster = sql_text(st, 2);
    v->name = sql_text(st, 3);
    v->alias = sql_text(st, 30);
    v->state = (enum job_state)enum_of(st, 4, JOB_STATE_COUNT);
    v->cause = (enum job_cause)enum_of(st, 5, JOB_CAUSE_COUNT);
    v->exit_code = (int32_t)sql_int(st, 6);
    v->signal = (int32_t)sql_int(st, 7);
    v->attempt = (uint32_t)sql_int(st, 8);
    v->elements = (uint32_t)sql_int(st, 10);
    v->native = sql_text(st, 11);
    v->node = sql_text(st, 12);
    v->memory_by = sql_text(st, 13);
    v->reason = sql_text(st, 14);
    row_times(st, v);
    v->cores = (uint32_t)sql_int(st, 22);
    v->memory = (uint64_t)sql_int(st, 23);
    v->time_s = (uint64_t)sql_int(st, 24);
    v->priority = (int32_t)sql_int(st, 25);
    v->retries = (uint32_t)sql_int(st, 26);
    counts_parse(sql_text(st, 29), v->counts);
}

void row_event(struct sqlite3_stmt *st, struct stored_event *ev)
{
    *ev = (struct stored_event){
        .seq = (uint64_t)sql_int(st, 0),
        .job = (job_id)sql_int(st, 1),
        .at_ns = sql_int(st, 2),
        .event = (enum job_event)enum_of(st, 3, JOB_EVENT_COUNT),
        .state = (enum job_state)enum_of(st, 4, JOB_STATE_COUNT),
        .attempt = (uint32_t)sql_int(st, 5),
        .evidence = sql_text(st, 6),
        .detail = sql_text(st, 7),
    };
}

const char *row_brief(struct sqlite3_stmt *st, struct job_brief *b)
{
    *b = (struct job_brief){
        .id = (job_id)sql_int(st, 0),
        .state = (enum job_state)enum_of(st, 1, JOB_STATE_COUNT),
        .exit_code = (int16_t)sql_int(st, 3),
        .signal = (uint8_t)sql_int(st, 4),
        .changed_ns = sql_int(st, 5),
    };
    return sql_text(st, 2);
}

int row_draft(struct sqlite3_stmt *st, bool with_text, struct draft_record *r)
{
    bool has_why = !sql_is_null(st, 9);

    *r = (struct draft_record){
        .id = (uint64_t)sql_int(st, 0),
        .cluster = strdup(sql_text(st, 1)),
        .name = strdup(sql_text(st, 2)),
        .mode = (mode_t)sql_int(st, 3),
        .uid = (uid_t)sql_int(st, 4),
        .gid = (gid_t)sql_int(st, 5),
        .mtime_ns = sql_int(st, 6),
        .status = (enum draft_status)enum_of(st, 7, DRAFT_SUBMITTED + 1),
        .text = BUF_INIT,
        .size = (uint64_t)sql_int(st, 8),
        .why = has_why ? strdup(sql_text(st, 9)) : NULL,
        .job = (job_id)sql_int(st, 10),
    };
    if (r->cluster && r->name && (r->why || !has_why) &&
        (!with_text || !buf_add_span(&r->text, sql_blob(st, 11))))
        return 0;
    draft_record_release(r);
    return -ENOMEM;
}

int counts_format(const uint32_t counts[JOB_STATE_COUNT], struct buf *out)
{
    for (unsigned s = 0; s < JOB_STATE_COUNT; s++)
        if (counts[s])
            buf_printf(out, "%s%u:%u", out->len ? " " : "", s, counts[s]);
    return buf_error(out);
}

void counts_parse(const char *text, uint32_t counts[JOB_STATE_COUNT])
{
    char *end;

    memset(counts, 0, JOB_STATE_COUNT * sizeof(*counts));
    while (*text) {
        unsigned long s = strtoul(text, &end, 10);
        unsigned long n = *end == ':' ? strtoul(end + 1, &end, 10) : 0;

        if (end == text)
            return;
        if (s < JOB_STATE_COUNT)
            counts[s] = (uint32_t)n;
        for (text = end; *text == ' ';)
            text++;
    }
}
