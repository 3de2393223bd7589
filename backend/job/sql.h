/*
 * sql.h - every statement there is, by name; and how one is bound, stepped and read
 *
 * A connection belongs to one thread. Statements are prepared at their first use and kept.
 */
#ifndef CLUSTRIXFS_SQL_H
#define CLUSTRIXFS_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/error.h"

/* clang-format off */
enum sql_name {
    SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK,
    SQL_JOB_INSERT, SQL_JOB_UPDATE, SQL_JOB_DELETE, SQL_JOB_LOAD, SQL_JOB_SPEC, SQL_JOB_TOKEN,
    SQL_JOBS_LIVE, SQL_JOBS_BRIEF, SQL_ELEMENTS_BRIEF, SQL_JOBS_FAILED,
    SQL_NAME_SET, SQL_NAME_GET, SQL_NAME_AFTER, SQL_NAME_DROP, SQL_NAME_FALL_BACK,
    SQL_EVENT_INSERT, SQL_EVENTS_OF_JOB, SQL_EVENTS_SINCE, SQL_EVENTS_DELETE, SQL_EVENT_LAST,
    SQL_DRAFT_KEEP, SQL_DRAFT_SUBMITTED, SQL_DRAFT_REMOVE, SQL_DRAFT_REPLACED, SQL_DRAFT_FIND,
    SQL_DRAFT_LOAD, SQL_DRAFT_AFTER, SQL_DRAFTS_READY, SQL_DRAFTS_TAKE_TEXT,
    SQL_COUNTER_RAISE, SQL_COUNTER_GET,
    SQL_REMOVAL_ADD, SQL_REMOVAL_DROP, SQL_REMOVALS,
    SQL_COUNT
};
/* clang-format on */

struct sqlite3;
struct sqlite3_stmt;

struct sql {
    struct sqlite3      *db;
    bool                 sync;   /* commits wait for the disk  */
    int                  wal_fd; /* -1: none; for sql_sync()    */
    struct sqlite3_stmt *st[SQL_COUNT];
};

#define SQL_INIT { .wal_fd = -1 }

/* Open DIR/store.db. A reader sees the last commit and never waits for a writer. */
int  sql_open(struct sql *s, const char *dir, bool reader, struct error *e) must_check;
void sql_close(struct sql *s);

/*
 * The statement with its values bound, in order: 'i' int64_t, 't' const char * (NULL: NULL),
 * 'b' struct span * (NULL: NULL). NULL when it cannot be prepared (sql_error() says why).
 */
struct sqlite3_stmt *sql_bind(struct sql *s, enum sql_name name, const char *types, ...);
/* Bind and run one that answers nothing: 0, or -EIO, -ENOSPC, -EBUSY, -ENOMEM. */
int sql_run(struct sql *s, enum sql_name name, const char *types, ...) must_check;
/* Step: 1 a row, 0 no more (the statement is reset), or a negative errno (reset too). */
int sql_step(struct sql *s, struct sqlite3_stmt *st) must_check;
/* Done with it before its last row. NULL is fine. */
void sql_reset(struct sqlite3_stmt *st);

/* Whether the next commits wait for the disk (synchronous=FULL) or not (NORMAL). */
int sql_set_sync(struct sql *s, bool sync) must_check;
/* Bring to disk what was committed without waiting for it. */
int sql_sync(struct sql *s) must_check;

int64_t     sql_int(struct sqlite3_stmt *st, int column);
const char *sql_text(struct sqlite3_stmt *st, int column); /* "" for NULL; until the next step */
struct span sql_blob(struct sqlite3_stmt *st, int column);
bool        sql_is_null(struct sqlite3_stmt *st, int column);

const char *sql_error(struct sql *s);
uint64_t    sql_memory(void); /* bytes that SQLite has allocated, all connections */

#endif
