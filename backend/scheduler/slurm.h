/*
 * slurm.h - Slurm's language: what the files slurm*.c share
 */
#ifndef CLUSTRIXFS_SCHEDULER_SLURM_H
#define CLUSTRIXFS_SCHEDULER_SLURM_H

#include "clustrixfs/scheduler.h"
#include "lines.h"

/* What Slurm's programs print is read line by line: in one language, with times as numbers, with
 * the elements of an array in full, and not as the user's own settings would have it, some of
 * which hide jobs. A program that is not in PATH is looked for where a login shell would. */
#define SLURM_SETUP                                                                                \
    "command -v squeue >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "            \
    ">/dev/null 2>&1\n"                                                                            \
    "LC_ALL=C SLURM_TIME_FORMAT=%s SLURM_BITSTR_LEN=0\n"                                           \
    "export LC_ALL SLURM_TIME_FORMAT SLURM_BITSTR_LEN\n"                                           \
    "unset SQUEUE_ACCOUNT SQUEUE_ALL SQUEUE_ARRAY SQUEUE_FORMAT SQUEUE_FORMAT2 SQUEUE_LICENSES "   \
    "SQUEUE_LOCAL SQUEUE_NAMES SQUEUE_PARTITION SQUEUE_PRIORITY SQUEUE_QOS SQUEUE_SORT "           \
    "SQUEUE_STATES SQUEUE_USERS SACCT_LOCAL SCANCEL_ACCOUNT SCANCEL_BATCH SCANCEL_FULL "           \
    "SCANCEL_CTLD SCANCEL_CRON SCANCEL_HURRY SCANCEL_INTERACTIVE SCANCEL_NAME SCANCEL_PARTITION "  \
    "SCANCEL_QOS SCANCEL_STATE SCANCEL_USER SCANCEL_VERBOSE SCANCEL_WCKEY\n"

/* One job a line; what is free text comes last. Times are seconds since the epoch. */
#define SLURM_FIELDS "%i|%T|%N|%S|%j|%r|%k"

/* A state, as squeue and sacct call it. */
struct slurm_state {
    const char    *name;
    enum report_is is;
    enum job_cause cause;
    const char    *note;
};
const struct slurm_state *slurm_state_named(struct span name); /* NULL: not known here */

/* Say in words why a job waits; one that somebody holds becomes REPORT_HELD. */
void slurm_reason(struct span reason, struct report *r);

/* Fill a report from the state and the reason in the queue. */
void slurm_report(struct span state, struct span reason, struct report *r);

/* One line of SLURM_FIELDS. The spans borrow. */
struct slurm_line {
    struct span id, state, node, start, name, reason, comment;
};
/* Cut it; false when it has too few fields. */
bool slurm_line_cut(struct span text, struct slurm_line *line);

/*
 * "13", "13_4", "13_[1,3,7-9%2]", "13+0": the number of the whole, and what of it. 0; -EINVAL when
 * it is none of these. fn is called for each range of an array.
 */
struct slurm_id {
    struct span native;
    struct span elements; /* "4" or "1,3,7-9"; empty: it is no array, or all of it */
};
int slurm_id_cut(struct span text, struct slurm_id *id) must_check;
bool slurm_id_has(const struct slurm_id *id, uint32_t index);

/* Its number for one job or element: "13", "13_4"; "" when it is not known. */
#define SLURM_ID_MAX (NATIVE_ID_MAX + 16)
void slurm_id(char out[SLURM_ID_MAX], const struct job_ref *ref);

/* slurm-options.c: the options of sbatch for one spec, each a word. 0; or -EINVAL and a sentence */
int slurm_options(const struct spec *spec, const struct cluster *cluster, struct strv *options,
                  struct error *e) must_check;
/* Whether Slurm may run it again by itself. */
bool slurm_runs_again(const struct spec *spec);
/* What the value of --comment ends in; "": nothing. 0 or -ENOMEM. */
int slurm_comment(const struct spec *spec, struct buf *out);
/* The attempt that a comment names, or 0. */
uint32_t slurm_comment_attempt(struct span comment);

/* slurm-script.c: `submit` and `job.sh`. 0 or a negative errno. */
int slurm_submit_script(const struct spec *spec, const struct cluster *cluster,
                        const struct job_ref *ref, const struct strv *options,
                        struct buf *out) must_check;
/* Lines of it that end it where not all of those are alive that $after names, and what it says. */
#define SLURM_NOT_ALIVE "one that it is to wait for is not in the queue any more"
extern const char slurm_after_check[];
int slurm_job_script(const struct spec *spec, const struct cluster *cluster,
                     const struct job_ref *ref, struct buf *out) must_check;

/* As scheduler_ops.after. */
const char *slurm_after(const struct cluster *cluster, enum after_when when);

/* slurm-answer.c */
void slurm_hear_submit(int status, struct span out, struct span err, struct report *report);

/* slurm-survey.c */
int slurm_survey_say(const struct cluster *cluster, struct command *c);
int slurm_survey_hear(const struct cluster *cluster, const struct outcome *o, sighting_fn *fn,
                      void *arg, struct error *e);

/* slurm-verbs.c; what is heard of a resume is what is heard of a suspend */
int  slurm_say_cancel(const struct ask *a, struct command *c);
int  slurm_say_hold(const struct ask *a, struct command *c);
int  slurm_say_release(const struct ask *a, struct command *c);
int  slurm_say_suspend(const struct ask *a, struct command *c);
int  slurm_say_resume(const struct ask *a, struct command *c);
int  slurm_say_signal(const struct ask *a, struct command *c);
void slurm_hear_cancel(const struct ask *a, const struct outcome *o, struct report *reports);
void slurm_hear_hold(const struct ask *a, const struct outcome *o, struct report *reports);
void slurm_hear_release(const struct ask *a, const struct outcome *o, struct report *reports);
void slurm_hear_suspend(const struct ask *a, const struct outcome *o, struct report *reports);
void slurm_hear_signal(const struct ask *a, const struct outcome *o, struct report *reports);

/* slurm-account.c */
int  slurm_say_account(const struct ask *a, struct command *c);
void slurm_hear_account(const struct ask *a, const struct outcome *o, struct report *reports);

#endif
