/*
 * inputs.h - files of this machine that a job asked for, and how they get into its files/
 *
 * The spec's `inputs` are looked at when it is written, while there is somebody who hears that one
 * is missing, and put into the job's files/ before it is submitted: by a stager, one for each
 * cluster, with a thread and a connection of its own, so that a gigabyte never holds up a cancel.
 * What is sent to a far cluster is kept there by its SHA-256 in ROOT/store: it is sent once.
 */
#ifndef CLUSTRIXFS_INPUTS_H
#define CLUSTRIXFS_INPUTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/cluster.h"
#include "clustrixfs/error.h"
#include "clustrixfs/job.h"

/*
 * May these be the inputs of a job? `staged`: a staged directory comes with it, so relative ones
 * are in there. 0, or -EINVAL and a sentence. [any thread] It never asks a file system that may
 * have to wait for a network, and not our own mount: what lies there is looked at by the stager.
 */
int inputs_check(const struct strv *inputs, bool staged, struct error *e) must_check;
/* Those of a staged directory, by a descriptor of it: the relative ones are in it, and none of the
 * others has the name of something in it. 0, or -EINVAL and a sentence. */
int inputs_check_staged(const struct strv *inputs, int dir, struct error *e) must_check;
/* Whether what has this st_dev lies in a clustrixfs mount. [any thread] */
bool inputs_is_ours(dev_t dev);
/* Whether all lie on disks of this machine, where no other one changes them. [any thread] */
bool inputs_are_local(const struct strv *inputs);
/* Whether there is any that has to be brought. */
bool inputs_to_bring(const struct strv *inputs);

struct stage_job {
    job_id      id;
    const char *token;
    const char *dir;  /* a directory of this machine that becomes files/ first; or NULL */
    const struct strv *inputs;
};

enum stage_is {
    STAGE_GOES_ON, /* how far it has come, or in `why` what keeps it   */
    STAGE_DONE,    /* all of them are in files/                        */
    STAGE_REFUSED, /* they will never be; `why` says what is wrong     */
};

struct stage_news {
    enum stage_is is;
    job_id        id;
    uint32_t      files, files_done;
    uint64_t      bytes, bytes_done;
    struct error  why; /* "": nothing keeps it */
};

struct stager;
typedef void stage_tell(void *arg, const struct stage_news *n); /* in the stager's thread */

/*
 * Start the thread. `memory`: a file of this machine where it remembers the hashes of what it has
 * read. `up`: the cluster can be reached. All calls are the engine's thread's.
 */
int  stager_start(struct stager **sp, const struct cluster *c, const char *memory, bool up,
                  stage_tell *tell, void *arg, struct error *e) must_check;
/* Bring the inputs of a job; copied. What was brought before stays as it is. 0 or -ENOMEM. */
int  stager_send(struct stager *s, const struct stage_job *job) must_check;
/* The job is over: nothing more is to be brought, or told, of it. */
void stager_drop(struct stager *s, job_id id);
/* The cluster can be reached, or cannot: then it waits. */
void stager_link(struct stager *s, bool up);
void stager_stop(struct stager *s); /* NULL is fine */

#endif
