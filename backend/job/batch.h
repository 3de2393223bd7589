/*
 * batch.h - orders of one kind that go to a cluster together, and their answers
 */
#ifndef CLUSTRIXFS_BATCH_H
#define CLUSTRIXFS_BATCH_H

#include "worker.h"

#define BATCH_MAX 128

struct batch {
    struct order  **orders; /* owned; NULL for answers that nobody asked for */
    struct answer **answers; /* owned until they are posted (then n is 0)    */
    size_t          n, alloc;
    struct results *results; /* borrowed; NULL where the files are here */
};

#define BATCH_INIT { 0 }
void batch_release(struct batch *b);
static inline unused_arg void batchp_cleanup(struct batch *b)
{
    batch_release(b);
}

/* Take over an order (or NULL) and make its answer; NULL when memory is out (not taken then). */
struct answer *batch_add(struct batch *b, struct order *o);
void           batch_drop_last(struct batch *b);

/* Those for whose answer `is` holds, BATCH_MAX of them at most, as a batch that owns nothing. */
struct batch batch_those(const struct batch *b, bool (*is)(const struct answer *),
                         struct order *orders[BATCH_MAX], struct answer *answers[BATCH_MAX]);

/* Carry out the orders, which are all of a kind, and fill their answers. */
void batch_run(struct batch *b, struct transport *t, const struct cluster *c);
/* Fetch the exit record of each, or else its start record. */
void batch_fetch_records(struct batch *b, struct transport *t, const struct cluster *c);

/* What a transport's or a scheduler's return value says about all of them. */
void batch_verdict(struct batch *b, int r, const struct error *e);
/* What an order is about, in a scheduler's terms. */
struct job_ref batch_ref(const struct order *o);
/* The first `n` orders, BATCH_MAX at most, as something to ask about. */
void batch_refs(const struct batch *b, struct job_ref refs[BATCH_MAX]);

/* batch-far.c: the records by `collect`, in one round trip with all it says of their files. */
void batch_collect(struct batch *b, struct transport *t, const struct cluster *c);

/* batch-queue.c: where the scheduler keeps the queue. */
void batch_submit(struct batch *b, struct transport *t, const struct cluster *c);
void batch_find(struct batch *b, struct transport *t, const struct cluster *c);
/* Ask the accounting about those that want it and whose record does not tell. */
void batch_account(struct batch *b, struct transport *t, const struct cluster *c);

#endif
