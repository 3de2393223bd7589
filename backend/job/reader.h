/*
 * reader.h - the FUSE loop's own look at the database
 *
 * A second connection that only reads and never waits for the engine's: it sees the last commit.
 * It belongs to the loop's thread.
 */
#ifndef CLUSTRIXFS_READER_H
#define CLUSTRIXFS_READER_H

#include "clustrixfs/config.h"
#include "clustrixfs/draft.h"
#include "clustrixfs/service.h"

struct reader;

int  reader_open(struct reader **rp, const char *dir, struct error *e) must_check;
void reader_close(struct reader *rd);
uint64_t reader_counter(struct reader *rd, const char *name);

struct job_view *reader_job(struct reader *rd, job_id id); /* counted, or NULL */
bool reader_brief(struct reader *rd, const struct config *c, job_id id, struct job_brief *b);
size_t reader_elements(struct reader *rd, const struct config *c, job_id whole, job_id after,
                       struct job_brief *v, size_t n);
int    reader_spec(struct reader *rd, job_id id, struct buf *out) must_check; /* -ENOENT */
/* attempt 0: of all. */
int    reader_events(struct reader *rd, job_id id, uint32_t attempt, struct buf *out) must_check;
/* As service_attempt(). */
int    reader_attempt(struct reader *rd, job_id id, uint32_t attempt, int64_t *over_ns,
                      struct buf *reason) must_check;
job_id reader_by_name(struct reader *rd, const char *name);
job_id reader_name_after(struct reader *rd, job_id after, struct buf *name);
int    reader_draft_find(struct reader *rd, const char *cluster, const char *name,
                         struct draft_record *r) must_check;
int    reader_draft_load(struct reader *rd, uint64_t id, bool with_text,
                         struct draft_record *r) must_check;
int    reader_draft_after(struct reader *rd, const char *cluster, uint64_t after,
                          struct draft_record *r) must_check;

#endif
