/*
 * board.h - what all threads may see of the jobs
 *
 * For each job (not element) a brief of 24 bytes, for ever; for each live job and element its
 * newest view. An ended job has no view here: it is read from the database when somebody asks. One
 * mutex, a leaf: nothing is called while it is held.
 */
#ifndef CLUSTRIXFS_BOARD_H
#define CLUSTRIXFS_BOARD_H

#include "clustrixfs/service.h"
#include "clustrixfs/view.h"

struct board;

int  board_create(struct board **bp) must_check;
void board_destroy(struct board *b);

/* At start-up, in ascending order. */
int board_load(struct board *b, const struct job_brief *brief) must_check;
/* A fresh number, above all there ever were; and the floor below which none is given out. */
uint64_t board_number(struct board *b);
void     board_set_floor(struct board *b, uint64_t number);

/* Add or replace what is shown of a job; takes over the caller's count of v. A view that ended
 * stays until board_drop(). -ENOMEM: the view is dropped and what was shown before stays. */
int board_show(struct board *b, struct job_view *v, unsigned cluster) must_check;
/* The database has it: forget the view, keep the brief. */
void board_drop(struct board *b, job_id id);
/* It is gone altogether. */
void board_remove(struct board *b, job_id id);

struct job_view *board_view(struct board *b, job_id id); /* counted, or NULL */
struct job_brief board_brief_of(const struct job_view *v, unsigned cluster);
bool   board_brief(struct board *b, job_id id, struct job_brief *brief);
size_t board_list(struct board *b, enum job_state state, int cluster, job_id after,
                  struct job_brief *v, size_t n);
job_id board_latest(struct board *b);
void   board_counts(struct board *b, uint64_t counts[JOB_STATE_COUNT]);

#endif
