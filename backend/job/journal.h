/*
 * journal.h - the log of all events as JSON lines
 *
 * state_dir/events.jsonl only grows. The database is the truth: what a crash kept out of the file
 * is added from there at the next start, so a reader that remembers its offset sees every event
 * once.
 */
#ifndef CLUSTRIXFS_JOURNAL_H
#define CLUSTRIXFS_JOURNAL_H

#include "store.h"

struct journal;

/* Opens the file and brings it up to date with the store. */
int  journal_open(struct journal **jp, const char *dir, struct store *st, struct error *e)
    must_check;
void journal_close(struct journal *j);
/* Append what was committed. On failure (disk full) the bytes are kept and tried again next
 * time. */
void  journal_add(struct journal *j, struct span lines);
uint64_t journal_last(const struct journal *j); /* the number of the last event in it at start */
int   journal_fd(const struct journal *j);   /* for readers; any thread */
off_t journal_size(const struct journal *j); /* any thread */

/* One event as one line. */
void journal_format(const struct stored_event *ev, struct buf *out);

#endif
