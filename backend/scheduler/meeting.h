/*
 * meeting.h - how a scheduler is found on a host
 *
 * One command asks a host for all schedulers; each of them says its part of the question, in sh,
 * and what the answer means for it. The answer is lines KEY|VALUE. A part may use
 *
 *    has PROGRAM          whether there is such a program
 *    tell KEY VALUE       makes a line; in the background where VALUE takes its time to find out
 *    first COMMAND...     the first line that this prints, "" where it says nothing within 20 s
 *    answers COMMAND...   yes or no: whether it ends well within 20 s
 *    $context             the kubectl context that is configured, or ""
 *
 * and the keys "qstat" and "help", what `qstat --version` and `qstat -help` say where there are
 * qstat and qsub, which programs of several schedulers are called.
 */
#ifndef CLUSTRIXFS_SCHEDULER_MEETING_H
#define CLUSTRIXFS_SCHEDULER_MEETING_H

#include <stdbool.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/cluster.h"

/* The value of a whole line, borrowed from the answer; its data is NULL where there was none. */
struct span told(struct span answer, const char *key);
/* Whether that has these words. */
bool told_words(struct span answer, const char *key, const char *words);

enum presence {
    PRESENCE_NONE,   /* not there, or installed and not configured         */
    PRESENCE_SILENT, /* programs of it that have a server, and it says nothing */
    PRESENCE_UP,
};

struct finding {
    const char *question;
    enum presence (*presence)(struct span answer);
    const char *version; /* the key of what its version is */
    /* NULL: it is; else whether it is taken without having been asked for. */
    bool (*by_itself)(const struct cluster *c);
    /* With by_itself: what is said on a host that has it and runs jobs itself. */
    const char *aside;
    /* NULL: never; else its version where it only hands its jobs to another scheduler of the host
     * and so is not a second one, or NULL. Its title, as in "what is there of PBS". */
    const char *(*front_end)(struct span answer);
    const char *title;
};

/* How the version begins of the programs of PBS that are a front end of Slurm's. */
#define MEETING_FRONT_END "Slurm's own qsub"

#endif
