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
#include "clustrixfs/view.h"

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
    enum job_cause cause; /* with ABSENT or ENDED: what is known of why; with REFUSED: DEPENDENCY
                             when it is for a job that it was to wait for; else NONE */
    char           native[NATIVE_ID_MAX];
    char           note[200]; /* its own words for it, shown as they are */
    char           unstarted[160]; /* with ENDED: in these words its node could not start it, so
                                      that the scheduler itself took it away; else "" */

    /* What VERB_ACCOUNT may know besides; 0 and "" where it does not. What the scheduler saw is the
     * end of our wrapper: the records in the job's directory are better evidence. */
    int32_t          exit_code; /* only with CAUSE_EXIT                      */
    int32_t          signal;    /* with CAUSE_SIGNAL; 0: it is not said which */
    int64_t          started_ns, ended_ns;
    struct job_usage usage;
    char             node[64];  /* as it lists them: "n1", "n[1-4]"           */
    int64_t          up_ns;     /* of a job that it does not know any more: for how long the
                                   scheduler has been up, at least; one that was killed has
                                   forgotten what came to it last */
};

struct ask {
    const struct cluster *cluster;
    const struct job_ref *refs;
    size_t                n;
    const char           *word; /* signal: "USR1"; cancel: CANCEL_WAITING, "" or NULL */
};

/* Only what has not begun; one that has is left as it is, and that is no failure. */
#define CANCEL_WAITING "waiting"

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
    VERB_ACCOUNT, /* by native id, of jobs the queue knows no more: how they ended    */
    VERB_TIDY,    /* by native id, of ended ones: what the scheduler keeps may go     */
    VERB_COUNT
};

/*
 * One job, or elements of one, as a survey saw them. The token is the job's name there; a job whose
 * name is no token is not ours and is left out.
 */
struct sighting {
    char              token[JOB_TOKEN_LEN + 1];
    bool              element;  /* of an array: `range` says which; else the job itself, or all
                                   elements of an array that have no sighting of their own */
    struct spec_range range;
    uint32_t          attempt;  /* as written into what was submitted; 0: it does not tell */
    struct report     report;   /* native: of the whole, even for an element               */
};

typedef void sighting_fn(void *arg, const struct sighting *s);

/*
 * One look at all that this user has in the queue: one command however many jobs there are.
 *
 * hear  calls fn for each. 0: the answer was whole, so what is not in it is not in the queue;
 *       -EPROTO and a sentence: it was not (an error, a server that is away, a line cut short), and
 *       what is missing proves nothing. fn may have been called for what could be read.
 */
struct survey {
    int (*say)(const struct cluster *cluster, struct command *c);
    int (*hear)(const struct cluster *cluster, const struct outcome *o, sighting_fn *fn, void *arg,
                struct error *e);
};

struct scheduler_ops {
    const char        *name;
    enum spec_language language;
    /* How a host is found to have it, see backend/scheduler/meeting.h; NULL: every host has it,
     * and it is what is taken where there is no other. */
    const struct finding *finding;
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

    /*
     * Where it `queues`. Submitting is then `KEEPER submit ROOT RUN...` (far-keeper.sh): that runs
     * the file `submit` that render() made, with RUN as its argument, and keeps what that answered,
     * so that a lost answer can be asked for again (VERB_FIND). What the answer means is the
     * scheduler's to say; VERB_SUBMIT, VERB_FIND and VERB_POLL are not its own.
     *
     * hear_submit: QUEUED with the native id; REFUSED with its own words, only for words that are
     * known to be a refusal; ABSENT with its words when it certainly did not take the job now but
     * may later; else UNKNOWN.
     */
    void (*hear_submit)(int status, struct span out, struct span err, struct report *report);
    /*
     * What stands before another job's number when a job is to wait for that one in this queue
     * ("afterok:"). NULL: it cannot say that, means something else by it, or takes a number that it
     * does not know; then the daemon waits. `submit` takes the words, a comma between them, from
     * the file that scheduler_after() makes. The function may be NULL: it never waits.
     */
    const char *(*after)(const struct cluster *cluster, enum after_when when);
    struct survey survey;
    /* Whether this array is submitted as one there, and is one in its queue; else each of its
     * elements goes by itself. NULL: none is. */
    bool (*as_array)(const struct cluster *cluster, const struct spec *spec);
    /* Whether the queue may run this one again by itself, so that its exit need not be the job's
     * end. NULL: it never does. */
    bool (*runs_again)(const struct spec *spec);
    bool once;          /* what has begun never waits again, though the queue may say so a while */
    bool paced;         /* begin, and how many of an array at a time, are the daemon's to see to */
    bool explains_late; /* why a job failed is known some moments after its record is there     */
};

extern const struct scheduler_ops scheduler_process, scheduler_slurm, scheduler_sge,
    scheduler_pbs, scheduler_kubernetes;

/*
 * `KEEPER submit ROOT RUN...` and `KEEPER sent ROOT RUN...`: the first submits what was not
 * submitted before, the second only tells. For each run, fields that end with a NUL:
 *
 *    J RUN      which run; then one of
 *    R STATUS   the answer of its submit: then `o LEN`, LEN bytes of output and a NUL, and the same
 *               for its errors with `e LEN`; 32768 of each at most
 *    U          it was never tried: certainly not submitted
 *    K PID      it is being tried by a process that is alive
 *    S          it was tried, whoever tried it is gone, and there is no answer
 *    F WHY      it could not be tried: certainly not submitted
 *    C          (beside the others) its run directory is there: it was started
 *    Z          the end of this run; without it nothing was said of it
 *
 * After a certain no, `KEEPER forget ROOT RUN...` makes it as if it had never been tried: one line
 * a run, `RUN done`, `RUN claimed` (it was started: nothing is forgotten) or `RUN failed WHY`.
 */
enum sent_is { SENT_NOTHING, SENT_ANSWER, SENT_NEVER, SENT_TRYING, SENT_LOST, SENT_FAILED };

struct sent {
    enum sent_is is;
    bool         claimed;
    int          status;   /* SENT_ANSWER */
    struct span  out, err; /* borrowed from the text; SENT_FAILED: err says why */
};

/* Fills sent[i] for refs[i] of the ask; SENT_NOTHING where the text does not tell. */
int  sent_say(const struct ask *a, bool submit, struct command *c) must_check;
void sent_hear(const struct ask *a, struct span text, struct sent *sent);

/* The script that a far cluster's `keeper` is, and the name of its file in ROOT. */
extern const char far_keeper_text[];
extern const char far_keeper_name[];

/*
 * Meeting a far cluster for the first time: where our root is there, what the machine offers, and
 * which scheduler it has. One command; pure like the rest.
 */
struct meeting {
    char     root[1024];  /* absolute */
    char     host[64];
    char     scheduler[24]; /* the one found, or asked for; "" where that could not be decided */
    char     version[80];   /* as the scheduler's own program says it; "" for process          */
    char     found[200];    /* a sentence: what it has, and why this one was taken             */
    uint32_t cores;
    uint64_t memory;
};
int meeting_say(const struct cluster *c, struct command *cmd) must_check;
/* 0; -EPROTO: that is no answer; -EINVAL: it has none, or several, or not the one asked for; always
 * with a sentence that says what to write into the configuration. */
int meeting_hear(const struct cluster *c, const struct outcome *o, struct meeting *m,
                 struct error *e) must_check;

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
 * meaning there; or -EINVAL and the sentence that names the key and the cluster. [any thread] Where
 * the scheduler is not known yet there is a warning that says so, and nothing else is checked.
 */
int scheduler_accepts(const struct cluster *cluster, const struct spec *spec,
                      struct strv *warnings, struct error *e) must_check;

/* The script that runs a spec under /bin/sh (or the user's own one, byte for byte). */
int script_render(const struct spec *spec, struct buf *out) must_check;

/* Whether a job of this spec can wait in the scheduler's queue for others at all: not where options
 * of its own say already what it waits for there. */
bool scheduler_can_wait(const struct scheduler_ops *s, const struct spec *spec);
/* Add the file ROOT/TOKEN/RUN.after: for whom this run waits there; "": for nobody (any more). */
int scheduler_after(const struct cluster *c, const struct job_ref *ref, const char *words,
                    struct far_files *files) must_check;

/* The directory of a job, of one run of it, and a file in it; all at the far side. */
int path_job(struct buf *out, const struct cluster *c, const char *token) must_check;
int path_run(struct buf *out, const struct cluster *c, const struct job_ref *ref,
             const char *file) must_check;

#endif
