/*
 * verbs.h - one command that does something to many jobs, with a verdict for each
 */
#ifndef CLUSTRIXFS_SCHEDULER_VERBS_H
#define CLUSTRIXFS_SCHEDULER_VERBS_H

#include "clustrixfs/scheduler.h"

/* How a scheduler calls one job or element; "" when it does not know it. */
#define VERB_ID_MAX (NATIVE_ID_MAX + 16)
typedef void verb_id_fn(char out[VERB_ID_MAX], const struct job_ref *ref);

/*
 * What a verb does, as shell functions: one ID, and all ID... for a verb that takes them at once,
 * else false; away WORDS: these words mean that nobody was there to hear it. `setup` comes first;
 * `word`, when there is one, is $1, which `how` takes away.
 */
int verb_say(const struct ask *a, struct command *c, const char *setup, const char *how,
             const char *word, verb_id_fn *id) must_check;

/* Whether a cancel is only for what has not begun. */
bool verb_waiting(const struct ask *a);

/* What words of the scheduler mean; the first that is found counts. NULL words end the table. */
struct verdict {
    const char    *words;
    enum report_is is;
    const char    *note; /* NULL: the scheduler's own words */
};

void verb_hear(const struct ask *a, const struct outcome *o, struct report *reports,
               const struct verdict *verdicts, verb_id_fn *id);

#endif
