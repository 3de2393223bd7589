/*
 * sge.h - Grid Engine's language: what the files sge*.c share
 */
#ifndef CLUSTRIXFS_SCHEDULER_SGE_H
#define CLUSTRIXFS_SCHEDULER_SGE_H

#include "clustrixfs/scheduler.h"
#include "lines.h"
#include "verbs.h"

/* Its programs print in one language; where they are not in PATH, a login shell has them. */
#define SGE_SETUP                                                                                  \
    "command -v qsub >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "               \
    ">/dev/null 2>&1\n"                                                                            \
    "LC_ALL=C; export LC_ALL\n"

/* Its tasks begin at 1, our elements at 0. */
#define SGE_TASK(index) ((index) + 1)

/* Its number for one job or element: "13", "13.5" for the element 4; "" when it is not known. */
void sge_id(char out[VERB_ID_MAX], const struct job_ref *ref);

/* One <job_list> of qstat -xml. The spans borrow. */
struct sge_row {
    struct span number, name, state, queue, tasks;
};
/* Cut the next one: false at the end. What is missing in it is empty. */
bool sge_row_next(struct span *rest, struct sge_row *row);
/* Cut the next range of its tasks, as indices: 1, 0 at the end, -EINVAL. */
int sge_range_next(struct span *tasks, struct spec_range *range) must_check;
bool sge_row_has(const struct sge_row *row, uint32_t index);
/* Fill a report from a state, which is a row of letters. */
void sge_report(const struct sge_row *row, struct report *r);

/* sge-options.c: the words of qsub for one spec. 0; or -EINVAL and a sentence. */
int sge_options(const struct spec *spec, const struct cluster *cluster, struct strv *options,
                struct error *e) must_check;

/* sge-script.c: `submit` and `job.sh`. 0 or a negative errno. */
int sge_submit_script(const struct spec *spec, const struct cluster *cluster,
                      const struct job_ref *ref, const struct strv *options,
                      struct buf *out) must_check;
int sge_job_script(const struct spec *spec, const struct cluster *cluster,
                   const struct job_ref *ref, struct buf *out) must_check;

/* sge-answer.c */
void sge_hear_submit(int status, struct span out, struct span err, struct report *report);

/* sge-survey.c */
int sge_survey_say(const struct cluster *cluster, struct command *c);
int sge_survey_hear(const struct cluster *cluster, const struct outcome *o, sighting_fn *fn,
                    void *arg, struct error *e);

/* sge-verbs.c; what is heard of a resume is what is heard of a suspend */
int  sge_say_cancel(const struct ask *a, struct command *c);
int  sge_say_hold(const struct ask *a, struct command *c);
int  sge_say_release(const struct ask *a, struct command *c);
int  sge_say_suspend(const struct ask *a, struct command *c);
int  sge_say_resume(const struct ask *a, struct command *c);
void sge_hear_cancel(const struct ask *a, const struct outcome *o, struct report *reports);
void sge_hear_hold(const struct ask *a, const struct outcome *o, struct report *reports);
void sge_hear_release(const struct ask *a, const struct outcome *o, struct report *reports);
void sge_hear_suspend(const struct ask *a, const struct outcome *o, struct report *reports);

/* One record of the accounting. */
struct sge_record {
    struct span number, name, task, node, failed, status, wallclock, user, system, category;
};
/* sge-failed.c: how it ended. `kept`: its own record is there. UNKNOWN: it has not ended. */
void sge_ended(const struct sge_record *record, bool kept, struct report *r);

/* sge-account.c */
int  sge_say_account(const struct ask *a, struct command *c);
void sge_hear_account(const struct ask *a, const struct outcome *o, struct report *reports);

#endif
