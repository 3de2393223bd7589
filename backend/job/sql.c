/*
 * sql.c - every statement there is, by name; and how one is bound, stepped and read
 *
 * The only file with SQL in it beside schema.c's tables. A statement with columns that several
 * callers read names them in one macro, so that the order is said once.
 */
#include "sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/log.h"

#include "schema.h"

/* The pages of wal_autocheckpoint, in bytes. */
#define WAL_LENGTH (1000 * 4096)

#define JOB_COLUMNS                                                                                \
    "id, token, cluster, name, state, cause, exit_code, signal, attempt, wish, elements, native, " \
    "node, memory_by, reason, accepted, started, ended, changed, user_us, system_us, max_memory, " \
    "cores, memory, time, priority, retries, waits, inputs, counts, alias"
#define BRIEF_COLUMNS "id, state, cluster, exit_code, signal, changed"
#define EVENT_COLUMNS "seq, job, at, event, state, attempt, evidence, detail"
#define DRAFT_COLUMNS "id, cluster, name, mode, uid, gid, mtime, status, size, why, job"

/* The first word of JOB_COLUMNS' 31 is ?1; spec is the last, ?32. */
#define JOB_VALUES                                                                                 \
    "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,"  \
    "?26,?27,?28,?29,?30,?31,?32"

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",

    [SQL_JOB_INSERT] = "INSERT INTO jobs (" JOB_COLUMNS ", spec) VALUES (" JOB_VALUES ")",
    [SQL_JOB_UPDATE] = "UPDATE jobs SET state=?2, cause=?3, exit_code=?4, signal=?5, attempt=?6, "
                       "wish=?7, native=?8, node=?9, memory_by=?10, reason=?11, started=?12, "
                       "ended=?13, changed=?14, user_us=?15, system_us=?16, max_memory=?17, "
                       "inputs=?18, counts=?19 WHERE id=?1",
    [SQL_JOB_DELETE] = "DELETE FROM jobs WHERE id BETWEEN ?1 AND ?2",
    [SQL_JOB_LOAD] = "SELECT " JOB_COLUMNS ", spec FROM jobs WHERE id=?1",
    [SQL_JOB_SPEC] = "SELECT spec FROM jobs WHERE id=?1",
    [SQL_JOB_TOKEN] = "SELECT id FROM jobs WHERE token=?1 AND inputs IS NOT NULL",
    [SQL_JOBS_LIVE] = "SELECT " JOB_COLUMNS ", spec FROM jobs WHERE state < 8 ORDER BY id",
    [SQL_JOBS_BRIEF] = "SELECT " BRIEF_COLUMNS " FROM jobs WHERE id & 1048575 = 0 ORDER BY id",
    [SQL_ELEMENTS_BRIEF] = "SELECT " BRIEF_COLUMNS " FROM jobs WHERE id > ?1 AND id <= ?2 "
                           "ORDER BY id LIMIT ?3",
    /* Failed, cancelled and lost ones; the whole of an array is none of its elements. */
    [SQL_JOBS_FAILED] = "SELECT id FROM jobs WHERE id BETWEEN ?1 AND ?2 AND elements = 0 AND "
                        "state > 8 ORDER BY id",

    [SQL_NAME_SET] = "INSERT INTO names VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET job=?2",
    [SQL_NAME_GET] = "SELECT job FROM names WHERE name=?1",
    [SQL_NAME_AFTER] = "SELECT job, name FROM names WHERE job > ?1 ORDER BY job LIMIT 1",
    [SQL_NAME_DROP] = "DELETE FROM names WHERE job BETWEEN ?1 AND ?1 + 1",
    [SQL_NAME_FALL_BACK] = "INSERT OR IGNORE INTO names SELECT ?1, max(id) FROM "
                           "(SELECT max(id) AS id FROM jobs WHERE name=?1 AND id & 1048575 = 0 "
                           "UNION ALL "
                           "SELECT max(id) + 1 AS id FROM jobs WHERE alias=?1) "
                           "HAVING max(id) IS NOT NULL",

    [SQL_EVENT_INSERT] = "INSERT INTO events (" EVENT_COLUMNS ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
    [SQL_EVENTS_OF_JOB] = "SELECT " EVENT_COLUMNS " FROM events WHERE job=?1 ORDER BY seq",
    [SQL_EVENTS_SINCE] = "SELECT " EVENT_COLUMNS " FROM events WHERE seq > ?1 ORDER BY seq",
    [SQL_EVENTS_DELETE] = "DELETE FROM events WHERE job BETWEEN ?1 AND ?2",
    [SQL_EVENT_LAST] = "SELECT coalesce(max(seq), 0) FROM events",

    [SQL_DRAFT_KEEP] = "INSERT OR REPLACE INTO drafts (" DRAFT_COLUMNS ", text) "
                       "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [SQL_DRAFT_SUBMITTED] = "UPDATE drafts SET status=?2, job=?3, text=NULL, why=NULL WHERE id=?1",
    [SQL_DRAFT_REMOVE] = "DELETE FROM drafts WHERE id=?1",
    [SQL_DRAFT_REPLACED] = "DELETE FROM drafts WHERE cluster=?1 AND name=?2 AND id<>?3",
    [SQL_DRAFT_FIND] = "SELECT " DRAFT_COLUMNS " FROM drafts WHERE cluster=?1 AND name=?2",
    [SQL_DRAFT_LOAD] = "SELECT " DRAFT_COLUMNS ", text FROM drafts WHERE id=?1",
    [SQL_DRAFT_AFTER] = "SELECT " DRAFT_COLUMNS " FROM drafts WHERE cluster=?1 AND id > ?2 "
                        "ORDER BY id LIMIT 1",
    [SQL_DRAFTS_READY] = "SELECT " DRAFT_COLUMNS ", text FROM drafts WHERE status=?1 ORDER BY id",
    [SQL_DRAFTS_TAKE_TEXT] = ("UPDATE drafts SET text=(SELECT spec FROM jobs WHERE id=?1) "
                              "WHERE job=?1 AND job > 0 AND text IS NULL"),

    [SQL_COUNTER_RAISE] = "UPDATE counters SET value=?2 WHERE name=?1 AND value < ?2",
    [SQL_COUNTER_GET] = "SELECT value FROM counters WHERE name=?1",

    [SQL_REMOVAL_ADD] = "INSERT OR IGNORE INTO removals VALUES (?1, ?2)",
    [SQL_REMOVAL_DROP] = "DELETE FROM removals WHERE cluster=?1 AND token=?2",
    [SQL_REMOVALS] = "SELECT cluster, token FROM removals",
};

static int code_to_errno(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    default:
        return -EIO;
    }
}

/*
 * WAL with synchronous=FULL: a commit is on disk when it returns. (NORMAL was seen to lose every
 * acknowledged row in a power failure; sql_set_sync() allows it for what no promise rests on.) The
 * WAL is written back every 1000 pages.
 */
static const char writer_setup[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                   "PRAGMA wal_autocheckpoint=1000; PRAGMA cache_size=-2000;"
                                   "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;";
static const char reader_setup[] = "PRAGMA query_only=ON; PRAGMA cache_size=-1000;"
                                   "PRAGMA temp_store=MEMORY;";

/*
 * The WAL is kept over the end of the daemon and is as long from the start as it gets: a commit
 * then writes over what is there, and syncing it need not make the file longer first. That halves
 * what a commit takes. When it cannot be had, commits are only slower.
 */
static const char lengthening[] = "CREATE TABLE IF NOT EXISTS lengthening (b BLOB);"
                                  "INSERT INTO lengthening VALUES (zeroblob(4200000));"
                                  "DROP TABLE lengthening; PRAGMA wal_checkpoint(PASSIVE);";

static void lengthen_wal(struct sql *s, const char *path)
{
    int         keep = 1;
    struct stat sb;

    sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
    if (!stat(path, &sb) && sb.st_size >= WAL_LENGTH)
        return;
    if (sqlite3_exec(s->db, lengthening, NULL, NULL, NULL))
        log_line(LOG_WARN, "the WAL cannot be lengthened, commits are slower: %s",
                 sqlite3_errmsg(s->db));
}

static int prepare_wal(struct sql *s, struct buf *path, struct error *e)
{
    if (buf_add_str(path, "-wal"))
        return -ENOMEM;
    lengthen_wal(s, path->data);
    s->wal_fd = open(path->data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return s->wal_fd < 0 ? error_set(e, -errno, "%s cannot be opened: %s", path->data,
                                     strerror(errno))
                         : 0;
}

int sql_open(struct sql *s, const char *dir, bool reader, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    /* A reader opens for writing too: SQLite needs the shared memory file. query_only binds it. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int r;

    if (buf_printf(&path, "%s/store.db", dir))
        return -ENOMEM;
    r = sqlite3_open_v2(path.data, &s->db, flags, NULL);
    if (!r && !reader)
        chmod(path.data, 0600);
    if (!r)
        sqlite3_busy_timeout(s->db, 5000);
    if (!r)
        r = sqlite3_exec(s->db, reader ? reader_setup : writer_setup, NULL, NULL, NULL);
    if (r)
        return error_set(e, code_to_errno(r), "%s cannot be opened: %s", path.data,
                         s->db ? sqlite3_errmsg(s->db) : "out of memory");
    s->sync = true;
    r = reader ? 0 : schema_migrate(s->db, e);
    return r || reader ? r : prepare_wal(s, &path, e);
}

void sql_close(struct sql *s)
{
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->st[i]);
    sqlite3_close(s->db);
    if (s->wal_fd >= 0)
        close(s->wal_fd);
    *s = (struct sql)SQL_INIT;
}

static int bind_one(sqlite3_stmt *st, int column, char type, va_list *ap)
{
    const struct span *blob;

    switch (type) {
    case 'i':
        return sqlite3_bind_int64(st, column, va_arg(*ap, int64_t));
    case 't':
        return sqlite3_bind_text(st, column, va_arg(*ap, const char *), -1, SQLITE_STATIC);
    default:
        blob = va_arg(*ap, const struct span *);
        if (!blob)
            return sqlite3_bind_null(st, column);
        return sqlite3_bind_blob(st, column, blob->len ? blob->data : "", (int)blob->len,
                                 SQLITE_STATIC);
    }
}

static sqlite3_stmt *bind_all(struct sql *s, enum sql_name name, const char *types, va_list *ap)
{
    sqlite3_stmt *st;

    if (!s->st[name] && sqlite3_prepare_v3(s->db, texts[name], -1, SQLITE_PREPARE_PERSISTENT,
                                           &s->st[name], NULL))
        return NULL;
    st = s->st[name];
    for (int i = 0; types[i]; i++)
        if (bind_one(st, i + 1, types[i], ap))
            return NULL;
    return st;
}

sqlite3_stmt *sql_bind(struct sql *s, enum sql_name name, const char *types, ...)
{
    sqlite3_stmt *st;
    va_list       ap;

    va_start(ap, types);
    st = bind_all(s, name, types, &ap);
    va_end(ap);
    return st;
}

int sql_run(struct sql *s, enum sql_name name, const char *types, ...)
{
    sqlite3_stmt *st;
    va_list       ap;
    int           r;

    va_start(ap, types);
    st = bind_all(s, name, types, &ap);
    va_end(ap);
    r = sql_step(s, st);
    if (r > 0)
        sql_reset(st);
    return r < 0 ? r : 0;
}

int sql_step(struct sql *s, sqlite3_stmt *st)
{
    int r;

    if (!st)
        return code_to_errno(sqlite3_errcode(s->db)) ?: -EIO;
    r = sqlite3_step(st);
    if (r == SQLITE_ROW)
        return 1;
    sqlite3_reset(st);
    return code_to_errno(r);
}

void sql_reset(sqlite3_stmt *st)
{
    sqlite3_reset(st);
}

int sql_set_sync(struct sql *s, bool sync)
{
    int r = 0;

    if (s->sync != sync)
        r = sqlite3_exec(s->db, sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
                         NULL, NULL, NULL);
    if (!r)
        s->sync = sync;
    return code_to_errno(r);
}

/*
 * A descriptor of our own does it: a checkpoint would too, but after one the WAL begins anew, with
 * a header that the next commit has to sync first. SQLite has no locks on this file that closing
 * it could drop.
 */
int sql_sync(struct sql *s)
{
    return fdatasync(s->wal_fd) ? -errno : 0;
}

int64_t sql_int(sqlite3_stmt *st, int column)
{
    return sqlite3_column_int64(st, column);
}

const char *sql_text(sqlite3_stmt *st, int column)
{
    const unsigned char *text = sqlite3_column_text(st, column);

    return text ? (const char *)text : "";
}

struct span sql_blob(sqlite3_stmt *st, int column)
{
    const void *data = sqlite3_column_blob(st, column);

    return (struct span){ data ? data : "", (size_t)sqlite3_column_bytes(st, column) };
}

bool sql_is_null(sqlite3_stmt *st, int column)
{
    return sqlite3_column_type(st, column) == SQLITE_NULL;
}

const char *sql_error(struct sql *s)
{
    return sqlite3_errmsg(s->db);
}

uint64_t sql_memory(void)
{
    return (uint64_t)sqlite3_memory_used();
}
