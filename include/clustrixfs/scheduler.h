/*
 * scheduler.h - a scheduler is a language, not a connection
 *
 * Every call in scheduler_ops is a pure function: it turns jobs into words, or words into what
 * became of jobs. None does I/O, keeps state, or knows which machine the words come from;
 * scheduler.c is the one place that says them over a transport. So n schedulers and m transports
 * are n + m files, and each is tested on captured text alone.
 */
#ifndef CLUSTRIXFS_SCHEDULER_H
#define CLUSTRIXFS_SCHEDULER_H

#include "clustrixfs/cluster.h"
#include "clustrixfs/command.h"
#include "clustrixfs/error.h"
#include "clustrixfs/job.h"
#include "clustrixfs/spec.h"
#include "clustrixfs/transport.h"

/* What a scheduler is told about one job. Borrowed strings; the caller keeps them. */
struct job_ref {
    job_id      id;
    const char *token;
    const char *native; /* its own number for it; "" before we know it */
    uint32_t    attempt; /* 1, 2, ...                                   */
};

/* What a scheduler says about one job. Never take one of the first two for the other. */
enum report_is {
    REPORT_UNKNOWN, /* this answer does not tell; ask again                         */
    REPORT_ABSENT,  /* it answered for all its jobs, and this one is not among them */
    REPORT_REFUSED, /* it will not take this job, now or later; note says why       */
    REPORT_QUEUED,
    REPORT_HELD,
    REPORT_RUNNING,
    REPORT_SUSPENDED,
    REPORT_ENDED,   /* over; the records in its directory say how                   */
    REPORT_DONE,    /* a verb: it was done, or there was nothing left to do         */
    REPORT_FAILED,  /* a verb: it was not; note says why                            */
};

struct report {
    enum report_is is;
    enum job_cause cause; /* with ABSENT or ENDED: what is known of why, else NONE */
    char           native[NATIVE_ID_MAX];
    char           note[200]; /* its own words for it, shown as they are */
};

struct ask {
    const struct cluster *cluster;
    const struct job_ref *refs;
    size_t                n;
    const char           *word; /* signal: "USR1"; else NULL */
};

/*
 * One exchange: what to say, and how to understand the answer.
 *
 * say   appends the one command that asks about all n jobs: a cluster with a thousand jobs costs
 *       one round trip.
 * hear  fills reports[i] for refs[i]. Text it cannot read is REPORT_UNKNOWN, never a guess; a
 *       failed command is REPORT_UNKNOWN too unless its words are a refusal we know.
 *
 * Both NULL: this scheduler has no such verb; it is refused with a sentence.
 */
struct exchange {
    int (*say)(const struct ask *a, struct command *c);
    void (*hear)(const struct ask *a, const struct outcome *o, struct report *reports);
};

enum scheduler_verb {
    VERB_SUBMIT, /* launch; where the scheduler keeps a queue: put into it            */
    VERB_FIND,   /* by token: the question after a lost answer                        */
    VERB_POLL,   /* by native id                                                      */
    VERB_CANCEL, /* of an ended job it is no error                                    */
    VERB_HOLD, VERB_RELEASE, VERB_SUSPEND, VERB_RESUME,
    VERB_SIGNAL, /* ask.word to the job's processes                                   */
    VERB_COUNT
};

struct scheduler_ops {
    const char        *name;
    enum spec_language language;
    bool               queues; /* it has a queue of its own; else slots.c keeps one here */
    uint64_t           honours; /* KEY_BITs it carries out                                */
    uint64_t           ignores; /* KEY_BITs it has no meaning for: a warning in check/    */
                                /* a key in neither is refused                            */

    /*
     * The files to put into the job's directory ROOT/<token>/ before it is submitted. The one
     * called `script` is what jobs/<id>/script shows. `number` 0: a rehearsal for check/.
     * Returns 0, or -EINVAL and a sentence when this scheduler cannot express the spec.
     */
    int (*render)(const struct spec *spec, const struct cluster *cluster, const struct job_ref *ref,
                  struct far_files *files, struct error *e);

    struct exchange verbs[VERB_COUNT];
};

extern const struct scheduler_ops scheduler_process;

/* All schedulers, ended by NULL; and one by name, or NULL. */
extern const struct scheduler_ops *const schedulers[];
const struct scheduler_ops *scheduler_named(const char *name);

/*
 * Say one verb for n jobs over a transport and hear the answer. reports has n elements and is
 * filled whatever happens: when the transport fails, all are REPORT_UNKNOWN.
 *
 * Returns 0, TRANSPORT_E_NOT_RUN (certainly nothing was done), TRANSPORT_E_UNKNOWN, -EOPNOTSUPP
 * where the scheduler has no such verb, or another negative errno.
 */
int scheduler_ask(struct transport *t, const struct ask *a, enum scheduler_verb verb,
                  struct report *reports, struct error *e) must_check;

/*
 * May this spec run on that cluster? 0, with a sentence in `warnings` for every key that has no
 * meaning there; or -EINVAL and the sentence that names the key and the cluster.
 */
int scheduler_accepts(const struct cluster *cluster, const struct spec *spec,
                      struct strv *warnings, struct error *e) must_check;

/* The script that runs a spec under /bin/sh (or the user's own one, byte for byte). */
int script_render(const struct spec *spec, struct buf *out) must_check;

/* The directory of a job, of one run of it, and a file in it; all at the far side. */
int path_job(struct buf *out, const struct cluster *c, const char *token) must_check;
int path_run(struct buf *out, const struct cluster *c, const struct job_ref *ref,
             const char *file) must_check;

#endif
