/*
 * watched.h - what of the tree somebody may be watching
 */
#ifndef CLUSTRIXFS_FS_WATCHED_H
#define CLUSTRIXFS_FS_WATCHED_H

#include "fs/tree.h"

/*
 * A bit for each thing that is no job's: jobs/, by-name/, all of by-cluster/, the log, and the
 * listing of each state.
 */
#define LISTING_JOBS 1u
#define LISTING_NAMES 2u
#define LISTING_CLUSTERS 4u
#define LISTING_LOG 8u
#define LISTING_STATE(s) (16u << (s))
#define LISTING_STATES (~15u)
_Static_assert(JOB_STATE_COUNT <= 28, "a bit for each state");
unsigned listing_bit(struct place p); /* 0: none of them */

/* Rows of ROW_JOB that change while the job lives, as bits; ROW_JOB is the directory itself. */
#define ROW_BIT(row) (UINT64_C(1) << (row))

struct watched;

int  watched_open(struct watched **wp) must_check;
void watched_close(struct watched *w);

/*
 * [loop] A program looks at this, and may be about to watch it: it found it by name, or asks for
 * attributes of what it has found.
 */
void watched_found(struct watched *w, struct place p, pid_t pid);
void watched_asked(struct watched *w, struct place p, pid_t pid);
/* [loop] The kernel was told of it in a listing, and need not ask when somebody watches it. */
void watched_listed(struct watched *w, struct place p);
/* [loop] It looks for a name in this directory: it only came through. */
void watched_passed(struct watched *w, struct place dir, pid_t pid);

/* The kernel keeps what it has of this job: who comes to watch it does not ask. Any thread. */
void watched_kept(struct watched *w, job_id id);

/* Which of these listings may be watched, and which were when last looked for; any thread. */
unsigned watched_listings(struct watched *w, unsigned which);
unsigned watched_surely(struct watched *w, unsigned which);
/* The same for rows of a job; any thread. */
uint64_t watched_rows(struct watched *w, job_id id);
uint64_t watched_rows_surely(struct watched *w, job_id id);

/*
 * What to do about a change of these listings and this job (or 0) that was made at `at_ns` (mono):
 * it is known who watches them, or will be by a scan, which is due now or later: *wait_ns from now.
 * `newest_ns`: when the newest change of all was made. Any thread.
 */
enum watched_next { WATCHED_KNOWN, WATCHED_SCAN, WATCHED_WAIT };
enum watched_next watched_next(struct watched *w, job_id id, unsigned listings, int64_t at_ns,
                               int64_t newest_ns, int64_t *wait_ns);
/* [not loop] So long it took to tell a change. */
void watched_spent(struct watched *w, int64_t ns);
/*
 * [not loop] Look who watches: at each open file of this machine. `held`: listings that the kernel
 * may let somebody watch without asking us.
 */
void watched_scan(struct watched *w, dev_t device, unsigned held);

#endif
