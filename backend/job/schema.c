/*
 * schema.c - the tables of the database, and how an older one becomes a newer one
 *
 * user_version counts the steps below. A step, once released, is never edited: a change is a new
 * step at the end. A database with more steps than we know comes from a newer clustrixfs and is
 * left alone.
 */
#include "schema.h"

#include <errno.h>
#include <sqlite3.h>

/*
 * jobs.id is a job_id: number << 20 | element; elements have no spec of their own.
 * Enums are stored as their numbers in job.h, which therefore never change. Times are nanoseconds
 * since the epoch, 0 for never. waits: "c12 a13 f14", job numbers to wait for and how.
 * A job is found under its name and under its alias, the file name it was submitted under where
 * that is another one: names.job is then the job's id with the lowest bit set.
 * inputs: a directory of this machine that becomes files/ before the first run.
 */
static const char *const steps[] = {
    "CREATE TABLE jobs ("
    " id INTEGER PRIMARY KEY, token TEXT, cluster TEXT NOT NULL, name TEXT, spec BLOB,"
    " state INTEGER NOT NULL, cause INTEGER NOT NULL, exit_code INTEGER NOT NULL,"
    " signal INTEGER NOT NULL, attempt INTEGER NOT NULL, wish INTEGER NOT NULL,"
    " elements INTEGER NOT NULL, native TEXT, node TEXT, memory_by TEXT, reason TEXT,"
    " accepted INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " changed INTEGER NOT NULL, user_us INTEGER NOT NULL, system_us INTEGER NOT NULL,"
    " max_memory INTEGER NOT NULL, cores INTEGER NOT NULL, memory INTEGER NOT NULL,"
    " time INTEGER NOT NULL, priority INTEGER NOT NULL, retries INTEGER NOT NULL,"
    " waits TEXT, inputs TEXT, counts TEXT, alias TEXT) STRICT;"
    "CREATE INDEX jobs_name ON jobs (name, id) WHERE name IS NOT NULL AND id & 1048575 = 0;"
    "CREATE INDEX jobs_alias ON jobs (alias, id) WHERE alias IS NOT NULL;"
    /* Which jobs are live is asked at every start: it must not cost a walk over a million. */
    "CREATE INDEX jobs_live ON jobs (id) WHERE state < 8;"
    "CREATE TABLE names (name TEXT PRIMARY KEY, job INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX names_job ON names (job);"
    "CREATE TABLE events ("
    " seq INTEGER PRIMARY KEY, job INTEGER NOT NULL, at INTEGER NOT NULL,"
    " event INTEGER NOT NULL, state INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " evidence TEXT NOT NULL, detail TEXT NOT NULL) STRICT;"
    "CREATE INDEX events_job ON events (job);"
    "CREATE TABLE drafts ("
    " id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, name TEXT NOT NULL, mode INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, gid INTEGER NOT NULL, mtime INTEGER NOT NULL,"
    " status INTEGER NOT NULL, text BLOB, size INTEGER NOT NULL, why TEXT,"
    " job INTEGER NOT NULL, UNIQUE (cluster, name)) STRICT;"
    "CREATE INDEX drafts_job ON drafts (job) WHERE job > 0;"
    /* Directories on a cluster that are still to be removed. */
    "CREATE TABLE removals (cluster TEXT NOT NULL, token TEXT NOT NULL,"
    " PRIMARY KEY (cluster, token)) STRICT;"
    /* The highest number and draft id ever given out: neither is used twice. */
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "INSERT INTO counters VALUES ('job', 0), ('draft', 0);",
};

static int version_of(sqlite3 *db, int *version)
{
    sqlite3_stmt *st;
    int           r = -EIO;

    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL))
        return -EIO;
    if (sqlite3_step(st) == SQLITE_ROW) {
        *version = sqlite3_column_int(st, 0);
        r = 0;
    }
    sqlite3_finalize(st);
    return r;
}

static int take_step(sqlite3 *db, int step, struct error *e)
{
    char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT;",
                                steps[step], step + 1);
    int   r = 0;

    if (!sql)
        return -ENOMEM;
    if (sqlite3_exec(db, sql, NULL, NULL, NULL))
        r = error_set(e, -EIO, "store.db: step %d of its migration failed: %s", step + 1,
                      sqlite3_errmsg(db));
    sqlite3_free(sql);
    return r;
}

int schema_migrate(sqlite3 *db, struct error *e)
{
    int version;

    if (version_of(db, &version))
        return error_set(e, -EIO, "store.db cannot be read: %s; is the disk in order?",
                         sqlite3_errmsg(db));
    if (version > (int)ARRAY_SIZE(steps))
        return error_set(e, -EPROTO,
                         "store.db was written by a newer clustrixfs (version %d, this one knows "
                         "%zu): use that one, or another state directory",
                         version, ARRAY_SIZE(steps));
    for (int i = version; i < (int)ARRAY_SIZE(steps); i++) {
        int r = take_step(db, i, e);

        if (r)
            return r;
    }
    return 0;
}
