/*
 * pbs.h - the language of PBS: what the files pbs*.c share
 */
#ifndef CLUSTRIXFS_SCHEDULER_PBS_H
#define CLUSTRIXFS_SCHEDULER_PBS_H

#include "clustrixfs/scheduler.h"
#include "lines.h"
#include "verbs.h"

/* Its programs print in one language; where they are not in PATH, a login shell has them. The
 * brackets of an array's number are no pattern for file names. */
#define PBS_SETUP                                                                                  \
    "command -v qstat >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "              \
    ">/dev/null 2>&1\n"                                                                            \
    "LC_ALL=C; export LC_ALL; set -f\n"

/* pbs-dialect.c: PBS is three languages that differ in a few words. */
struct pbs_dialect {
    const char *sign;   /* is in what meeting.c says of its version                            */
    const char *list;   /* prints the numbers of all jobs that the user has in the queue       */
    const char *jobs;   /* and what is said of those                                           */
    const char *ended;  /* the same of some, which may have ended                              */
    const char *shell;  /* options of qsub: what runs job.sh                                   */
    bool        chunks; /* -l select=; else -l nodes=                                          */
    bool        range;  /* arrays are one range, -J; else any ranges, -t                       */
    bool        slurm;  /* Slurm's own qsub: a name of any length, words that a shell reads,
                           one -l, no arrays                                                   */
};
/* [met or not] Where it is not known yet, that of PBS Pro and OpenPBS. */
const struct pbs_dialect *pbs_dialect(const struct cluster *cluster);
/* As scheduler_ops.as_array. */
bool pbs_as_array(const struct cluster *cluster, const struct spec *spec);

/*
 * "7.server", "7[].server", "7[2].server": the number is kept as "7" or "7[]", without the name of
 * the server, which its programs spell now so and now so.
 */
struct pbs_id {
    char     native[NATIVE_ID_MAX];
    bool     array, element;
    uint32_t index;
};
int  pbs_id_cut(struct span text, struct pbs_id *id) must_check;
/* Its number for one job or element: "7", "7[2]"; "" when it is not known. */
void pbs_id(char out[VERB_ID_MAX], const struct job_ref *ref);

/* What qstat -f says, with lines that it broke made whole again. 0 or -ENOMEM. */
int pbs_unwrap(struct span text, struct buf *out) must_check;

/* One job of it. The spans borrow; what is missing is empty. */
struct pbs_row {
    struct span id, name, state, substate, exit, comment, hosts, priority, variables;
    struct span cput, memory, walltime;
};
/* Cut the next one: false at the end. */
bool pbs_row_next(struct span *rest, struct pbs_row *row);

/* Whose it is, as it was submitted: "cfx...", and the run, "attempt1" or "task3.attempt1"; false:
 * it is not ours. */
bool pbs_row_token(const struct pbs_row *row, struct span *token, struct span *run);
/* "task3.attempt1": 0; index and attempt are 0 where it does not tell. */
int pbs_run_cut(struct span run, bool *element, uint32_t *index, uint32_t *attempt) must_check;

/* Fill a report from its state. */
void pbs_report(const struct pbs_row *row, const struct pbs_dialect *d, struct report *r);
/* pbs-ended.c: of one that has ended, how; `log`: what PBS wrote into its log, or UNKNOWN. */
void pbs_ended(const struct pbs_row *row, const struct pbs_dialect *d, const struct report *log,
               struct report *r);
void pbs_log_line(struct span line, struct report *log);

/* pbs-options.c: the words of qsub for one spec. 0; or -EINVAL and a sentence. */
int pbs_options(const struct spec *spec, const struct cluster *cluster, struct strv *options,
                struct error *e) must_check;
/* Characters that neither a shell nor qsub takes for anything but themselves. */
bool pbs_is_plain(const char *word);

/* pbs-script.c: `submit` and `job.sh`. 0 or a negative errno. */
int pbs_submit_script(const struct spec *spec, const struct cluster *cluster,
                      const struct job_ref *ref, const struct strv *options,
                      struct buf *out) must_check;
int pbs_job_script(const struct spec *spec, const struct cluster *cluster,
                   const struct job_ref *ref, struct buf *out) must_check;

/* pbs-answer.c */
void pbs_hear_submit(int status, struct span out, struct span err, struct report *report);

/* pbs-survey.c */
/* Shell functions: look LIST...: `qstat` of these, as lines that pbs_row_next() reads, with
 * "S|STATUS" and a line "W|WORDS" for each of its errors behind them. */
extern const char pbs_look[];
/* Whether that answered for all: what it does not know is an answer. */
bool pbs_heard_all(struct span text, struct span *words);
int  pbs_survey_say(const struct cluster *cluster, struct command *c);
int  pbs_survey_hear(const struct cluster *cluster, const struct outcome *o, sighting_fn *fn,
                     void *arg, struct error *e);

/* pbs-verbs.c; what is heard of a resume is what is heard of a suspend */
int  pbs_say_cancel(const struct ask *a, struct command *c);
int  pbs_say_hold(const struct ask *a, struct command *c);
int  pbs_say_release(const struct ask *a, struct command *c);
int  pbs_say_suspend(const struct ask *a, struct command *c);
int  pbs_say_resume(const struct ask *a, struct command *c);
int  pbs_say_signal(const struct ask *a, struct command *c);
void pbs_hear_cancel(const struct ask *a, const struct outcome *o, struct report *reports);
void pbs_hear_hold(const struct ask *a, const struct outcome *o, struct report *reports);
void pbs_hear_release(const struct ask *a, const struct outcome *o, struct report *reports);
void pbs_hear_suspend(const struct ask *a, const struct outcome *o, struct report *reports);
void pbs_hear_signal(const struct ask *a, const struct outcome *o, struct report *reports);

/* pbs-account.c */
int  pbs_say_account(const struct ask *a, struct command *c);
void pbs_hear_account(const struct ask *a, const struct outcome *o, struct report *reports);

#endif
