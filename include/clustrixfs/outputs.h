/*
 * outputs.h - files of a job that has ended, and how they get to where its spec wants them
 *
 * The spec's `outputs` are globs below the job's files/. What they match is brought to this
 * machine (of a far cluster: into the mirror) and, where a destination is named, copied there: by a
 * fetcher, one for each cluster, with threads of its own. Until it has said how that went the job
 * has not ended, so who waits for its end finds them there.
 */
#ifndef CLUSTRIXFS_OUTPUTS_H
#define CLUSTRIXFS_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/error.h"
#include "clustrixfs/job.h"
#include "clustrixfs/results.h"
#include "clustrixfs/spec.h"

/*
 * Does `path`, relative to files/, match? As in a shell: `*`, `?` and [...] within a name, a
 * leading dot only by a dot; a component ** is any number of directories, hidden ones left out. A
 * glob that matches a directory matches all below it.
 */
bool outputs_match(const char *glob, const char *path);
/* What `path`, which matches, is called below the destination: what follows the directories that
 * the glob names without a wildcard. Borrowed from `path`. */
const char *outputs_name(const char *glob, const char *path);

/* Whether there is anything to do at all where the job's files are on this machine, or are not. */
bool outputs_to_bring(const struct spec *spec, bool here);

struct outputs_job {
    job_id             id;
    const char        *token;
    const struct spec *spec;
};

struct outputs_news {
    job_id       id;
    bool         over;  /* else: how far it has come               */
    bool         whole; /* over: all of it was brought             */
    uint32_t     files, files_done;
    struct error said;  /* over: a sentence, of trouble if !whole  */
};

struct fetcher;
typedef void outputs_tell(void *arg, const struct outputs_news *n); /* in a thread of its own */

/*
 * Start its first thread; `results` NULL where the cluster is this machine. All calls are the
 * engine's thread's. fetcher_stop() says nothing more: what is not over is to be sent again.
 */
int  fetcher_start(struct fetcher **fp, const struct cluster *c, struct results *results,
                   outputs_tell *tell, void *arg, struct error *e) must_check;
/* Bring the outputs of a job; copied. What is there already is replaced. 0 or -ENOMEM. */
int  fetcher_send(struct fetcher *f, const struct outputs_job *job) must_check;
/* Nothing more is to be brought of it, or told. */
void fetcher_drop(struct fetcher *f, job_id id);
void fetcher_stop(struct fetcher *f); /* NULL is fine */

#endif
