/*
 * slurm-verbs.c - cancel, hold, release, suspend, resume and signal
 *
 * One command for all jobs, with a verdict for each: "V|ID|STATUS|WORDS". Every call of Slurm's is
 * bounded, since a controller that is stopped or a job that has not started yet can keep it for
 * minutes; and when the controller is away, what one call heard is said of all.
 */
#include "slurm.h"

#include <errno.h>

#include "verbs.h"

#define AWAY_WORDS                                                                                 \
    "away() { case $1 in *'slurm controller'*|*'timed out'*) true ;; *) false ;; esac; }\n"

static const char cancel[] = AWAY_WORDS
                             "one() { timeout 30 scancel \"$1\"; }\n"
                             "all() { timeout 60 scancel \"$@\"; }\n";

static const char cancel_waiting[] =
    AWAY_WORDS
    "one() { timeout 30 scancel --state=PENDING \"$1\"; }\n"
    "all() { timeout 60 scancel --state=PENDING \"$@\"; }\n";

/* Slurm takes a hold of a job that runs and does nothing with it. */
static const char hold[] =
    AWAY_WORDS
    "all() { false; }\n"
    "one() {\n"
    "    case $(timeout 30 squeue --all -h -t all -j \"$1\" -o %T 2>/dev/null) in\n"
    "    *PENDING*|*REQUEUE*|*CONFIGURING*|'') timeout 30 scontrol hold \"$1\" ;;\n"
    "    *RUNNING*|*SUSPENDED*|*COMPLETING*) echo 'no longer pending'; false ;;\n"
    "    *) echo 'has ended'; false ;;\n"
    "    esac\n"
    "}\n";

#define SCONTROL(verb)                                                                             \
    AWAY_WORDS                                                                                     \
    "one() { timeout 30 scontrol " verb " \"$1\"; }\n"                                             \
    "all() { false; }\n"

/* To the script, whose wrapper hands it on to the command; what no script can catch, to all. Of a
 * job that waits scancel would try for a minute and a half. */
static const char signal_one[] =
    AWAY_WORDS
    "word=$1; shift\n"
    "case $word in KILL|STOP|CONT|9|18|19) whom=--full ;; *) whom=--batch ;; esac\n"
    "all() { false; }\n"
    "one() {\n"
    "    states=$(timeout 30 squeue --all -h -t all -j \"$1\" -o %T 2>&1)\n"
    "    case $states in\n"
    "    *RUNNING*|*SUSPENDED*|*STOPPED*) timeout 20 scancel $whom --signal=\"$word\" \"$1\" ;;\n"
    "    *COMPLETING*|*PENDING*|*CONFIGURING*) echo 'not running'; false ;;\n"
    "    *[a-z]*) printf '%s\\n' \"$states\"; false ;;\n"
    "    *) echo 'has ended' ; false ;;\n"
    "    esac\n"
    "}\n";

#define ENDED                                                                                      \
    { "Invalid job id specified", REPORT_FAILED, "it has ended" },                                 \
    { "has ended", REPORT_FAILED, "it has ended" },                                                \
    { "Job has already finished", REPORT_FAILED, "it has ended" },                                 \
    { "already completing or completed", REPORT_FAILED, "it has ended" }
/* Whether it arrived cannot be told: it may be said again. */
#define AWAY                                                                                       \
    { "slurm controller", REPORT_UNKNOWN, NULL }, { "timed out", REPORT_UNKNOWN, NULL },           \
    { "Unexpected message", REPORT_UNKNOWN, NULL }
#define DENIED(what) { "Access/permission denied", REPORT_FAILED, what }
#define OTHERS                                                                                     \
    { "Requested operation", REPORT_FAILED, NULL }, { "Invalid ", REPORT_FAILED, NULL },           \
    { "suspended", REPORT_FAILED, NULL }, { "pending", REPORT_FAILED, NULL },                      \
    { "disabled", REPORT_FAILED, NULL }, { NULL }

// clang-format off
static const struct verdict cancel_verdicts[] = {
    AWAY,
    { "Invalid job id specified", REPORT_DONE, "it had ended" },
    { "already completing or completed", REPORT_DONE, "it had ended" },
    DENIED("Slurm does not let you cancel it"),
    OTHERS,
};

static const struct verdict hold_verdicts[] = {
    AWAY, ENDED,
    { "no longer pending", REPORT_FAILED, "it has started, and only what waits can be held" },
    DENIED("Slurm does not let you hold it"),
    OTHERS,
};

static const struct verdict release_verdicts[] = {
    AWAY, ENDED,
    { "no longer pending", REPORT_DONE, "it had started" },
    DENIED("an administrator of the cluster holds it, and only they can release it"),
    OTHERS,
};

static const struct verdict suspend_verdicts[] = {
    AWAY, ENDED,
    DENIED("Slurm lets only its administrators and operators suspend and resume jobs: ask them, or "
           "write \"signal STOP\" to ctl, which stops its processes and keeps its cores"),
    { "Job is pending", REPORT_FAILED, "it has not started yet: write hold to ctl" },
    OTHERS,
};

static const struct verdict signal_verdicts[] = {
    AWAY, ENDED,
    { "not running", REPORT_FAILED, "it is not running" },
    DENIED("Slurm does not let you signal it"),
    OTHERS,
};
// clang-format on

int slurm_say_cancel(const struct ask *a, struct command *c)
{
    return verb_say(a, c, SLURM_SETUP, verb_waiting(a) ? cancel_waiting : cancel, NULL, slurm_id);
}

int slurm_say_hold(const struct ask *a, struct command *c)
{
    return verb_say(a, c, SLURM_SETUP, hold, NULL, slurm_id);
}

int slurm_say_release(const struct ask *a, struct command *c)
{
    return verb_say(a, c, SLURM_SETUP, SCONTROL("release"), NULL, slurm_id);
}

int slurm_say_suspend(const struct ask *a, struct command *c)
{
    return verb_say(a, c, SLURM_SETUP, SCONTROL("suspend"), NULL, slurm_id);
}

int slurm_say_resume(const struct ask *a, struct command *c)
{
    return verb_say(a, c, SLURM_SETUP, SCONTROL("resume"), NULL, slurm_id);
}

int slurm_say_signal(const struct ask *a, struct command *c)
{
    return a->word ? verb_say(a, c, SLURM_SETUP, signal_one, a->word, slurm_id) : -EINVAL;
}

void slurm_hear_cancel(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, cancel_verdicts, slurm_id);
}

void slurm_hear_hold(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, hold_verdicts, slurm_id);
}

void slurm_hear_release(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, release_verdicts, slurm_id);
}

void slurm_hear_suspend(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, suspend_verdicts, slurm_id);
}

void slurm_hear_signal(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, signal_verdicts, slurm_id);
}
