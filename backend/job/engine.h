/*
 * engine.h - the thread that owns the store, the states and the due times
 *
 * Everybody else sends it messages. What they carry is theirs no longer once they are posted.
 */
#ifndef CLUSTRIXFS_ENGINE_H
#define CLUSTRIXFS_ENGINE_H

#include "admit.h"
#include "board.h"
#include "link.h"
#include "message.h"

#include "clustrixfs/service.h"

struct engine;
struct results;

/* Opens the store, takes up every job, starts the thread and the workers. `results`: by the index
 * of the cluster, NULL for one that is this machine; they outlive the engine. */
int  engine_open(struct engine **ep, const struct config *c, struct board *board,
                 struct results *const *results, struct error *e) must_check;
/* Ends after what was posted before has been carried out and answered. */
void engine_close(struct engine *en);

/* Who is told of changes; before the first one can happen. */
void engine_watch(struct engine *en, service_changed *fn, void *arg);

/* Post a message and get its ticket; the loop's thread only (tickets ascend in posting order). */
uint64_t engine_post(struct engine *en, struct message *m);
bool     engine_settled(struct engine *en, uint64_t ticket);

/* The messages. Each returns its ticket, 0 when memory is out (then nothing was posted). */
uint64_t engine_keep_draft(struct engine *en, const struct draft_record *r, service_done *done,
                           void *arg);
uint64_t engine_remove_draft(struct engine *en, uint64_t id);
uint64_t engine_submit(struct engine *en, struct admitted *a); /* takes what hangs from a */
uint64_t engine_submit_dir(struct engine *en, const struct draft_record *r, const char *path,
                           service_staged *done, void *arg);
uint64_t engine_control(struct engine *en, job_id id, struct span words, service_done *done,
                        void *arg);
uint64_t engine_forget(struct engine *en, job_id id, service_done *done, void *arg);
/* What a cluster's ctl may say. */
enum cluster_wish { CLUSTER_CONNECT, CLUSTER_DISCONNECT, CLUSTER_DRAIN };
uint64_t engine_cluster(struct engine *en, unsigned cluster, enum cluster_wish wish,
                        service_done *done, void *arg);

/* Any thread. */
int   engine_events_fd(const struct engine *en);
off_t engine_events_size(const struct engine *en);
struct engine_counts {
    uint64_t commits, started, submitted;
};
struct engine_counts engine_counts(const struct engine *en);
bool engine_draining(const struct engine *en, unsigned cluster);
struct link_state engine_link(const struct engine *en, unsigned cluster);

#endif
