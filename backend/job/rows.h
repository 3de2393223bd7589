/*
 * rows.h - a row of the database as a struct, for the store and the reader alike
 */
#ifndef CLUSTRIXFS_ROWS_H
#define CLUSTRIXFS_ROWS_H

#include "store.h"

struct sqlite3_stmt;

/* Strings point into the statement: valid until its next step. */
void row_job(struct sqlite3_stmt *st, struct stored_job *j, bool with_spec);
void row_event(struct sqlite3_stmt *st, struct stored_event *ev);
/* Brief but for the cluster's index, whose name is returned. */
const char *row_brief(struct sqlite3_stmt *st, struct job_brief *b);
/* A draft with strings of its own; 0 or -ENOMEM. */
int row_draft(struct sqlite3_stmt *st, bool with_text, struct draft_record *r) must_check;

/* "5:3 8:95": how many elements are in which state; and back. */
int  counts_format(const uint32_t counts[JOB_STATE_COUNT], struct buf *out) must_check;
void counts_parse(const char *text, uint32_t counts[JOB_STATE_COUNT]);

#endif
