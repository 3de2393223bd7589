/*
 * answer.h - what a scheduler answered instead of a number
 */
#ifndef CLUSTRIXFS_SCHEDULER_ANSWER_H
#define CLUSTRIXFS_SCHEDULER_ANSWER_H

#include "clustrixfs/scheduler.h"

/*
 * BROKEN: the exchange broke off, so the job may be in the queue; it outweighs the others.
 * LATER: certainly not now, but perhaps later. REFUSED: another try would only repeat it.
 * DEPENDENCY: that, if it names the same jobs to wait for.
 */
enum kind { KIND_BROKEN, KIND_LATER, KIND_REFUSED, KIND_DEPENDENCY };

/* A table of them ends with NULL. */
struct phrase {
    const char *words;
    enum kind   kind;
};

/*
 * Judge words that brought no number: report->is becomes UNKNOWN, ABSENT or REFUSED (with
 * CAUSE_DEPENDENCY, or NONE), and its note the words in one line, without the `openings` (ended by
 * NULL) that only say who speaks.
 */
void answer_judge(int status, struct span out, struct span err, const struct phrase *phrases,
                  const char *const *openings, struct report *report);

#endif
