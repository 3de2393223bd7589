/*
 * pbs-verbs.c - cancel, hold, release, suspend, resume and signal
 *
 * PBS takes a hold of a job that runs, for its next run, of which there will be none; and Slurm's
 * programs end with 1 and no word of a job that has ended. So the state is looked at as well.
 */
#include "pbs.h"

#include <errno.h>

#define AWAY_WORDS                                                                                 \
    "away() {\n"                                                                                   \
    "    case $1 in\n"                                                                             \
    "    *'cannot connect'*|*'Connection refused'*|*'Communication failure'*) true ;;\n"           \
    "    *'slurm controller'*|*'Problem loading'*|*'timed out'*) true ;;\n"                        \
    "    *) false ;;\n"                                                                            \
    "    esac\n"                                                                                   \
    "}\n"

/* The letter; "ended"; or what qstat says else. */
#define STATE                                                                                      \
    AWAY_WORDS                                                                                     \
    "state() {\n"                                                                                  \
    "    words=$(timeout 30 qstat -f \"$1\" 2>&1); code=$?\n"                                      \
    "    case $words in\n"                                                                         \
    "    *'job_state = '*) words=${words#*job_state = }; words=${words%%[!A-Z]*} ;;\n"             \
    "    *'Unknown Job I'*|*'Job has finished'*) words=ended ;;\n"                                 \
    "    '') [ \"$code\" -ne 153 ] || words=ended ;;\n"                                            \
    "    esac\n"                                                                                   \
    "    case $words in C|F|X) words=ended ;; esac\n"                                              \
    "    printf '%s\\n' \"$words\"\n"                                                              \
    "}\n"

static const char cancel[] =
    STATE
    "all() { timeout 60 qdel \"$@\"; }\n"
    "one() {\n"
    "    out=$(timeout 30 qdel \"$1\" 2>&1); status=$?\n"
    "    [ \"$status\" -ne 0 ] || return 0\n"
    "    [ -n \"$out\" ] || [ \"$(state \"$1\")\" != ended ] || out='has ended'\n"
    "    printf '%s\\n' \"$out\"\n"
    "    return \"$status\"\n"
    "}\n";

/* What is for those that wait is not done to those that run. */
#define WAITING(program)                                                                           \
    STATE                                                                                          \
    "all() { false; }\n"                                                                           \
    "one() {\n"                                                                                    \
    "    now=$(state \"$1\")\n"                                                                    \
    "    case $now in\n"                                                                           \
    "    Q|H|W|T) timeout 30 " program " \"$1\" ;;\n"                                              \
    "    R|E|S|U|B) echo 'no longer pending'; false ;;\n"                                          \
    "    ended) echo 'has ended'; false ;;\n"                                                      \
    "    *) printf '%s\\n' \"$now\"; false ;;\n"                                                  \
    "    esac\n"                                                                                   \
    "}\n"

static const char hold[] = WAITING("qhold -h u");
static const char cancel_waiting[] = WAITING("qdel");

static const char release[] = AWAY_WORDS
                              "one() { timeout 30 qrls -h u \"$1\"; }\n"
                              "all() { false; }\n";

#define QSIG(word)                                                                                 \
    AWAY_WORDS                                                                                     \
    "all() { false; }\n"                                                                           \
    "one() {\n"                                                                                    \
    "    command -v qsig >/dev/null || { echo 'there is no qsig'; return 1; }\n"                   \
    "    timeout 30 qsig -s " word " \"$1\"\n"                                                     \
    "}\n"

static const char suspend[] = QSIG("suspend");
static const char resume[] = QSIG("resume");
static const char signal_one[] = "word=$1; shift\n" QSIG("\"$word\"");

#define ENDED(is, note)                                                                            \
    { "Unknown Job I", is, note }, { "Job has finished", is, note }, { "has ended", is, note },    \
    { "has already finished", is, note }, { "Invalid job id specified", is, note }
/* Whether it arrived cannot be told: it may be said again. */
#define AWAY                                                                                       \
    { "cannot connect", REPORT_UNKNOWN, NULL }, { "Connection refused", REPORT_UNKNOWN, NULL },    \
    { "Communication failure", REPORT_UNKNOWN, NULL },                                             \
    { "slurm controller", REPORT_UNKNOWN, NULL }, { "Problem loading", REPORT_UNKNOWN, NULL },     \
    { "timed out", REPORT_UNKNOWN, NULL }
#define DENIED(what) { "Unauthorized Request", REPORT_FAILED, what }
#define NO_QSIG                                                                                    \
    { "there is no qsig", REPORT_FAILED,                                                           \
      "Slurm's own programs for PBS have no qsig: nothing can send a signal to a job that runs" }
#define OTHERS                                                                                     \
    { "Error on job id", REPORT_FAILED, NULL }, { "Request invalid", REPORT_FAILED, NULL },        \
    { "Illegal", REPORT_FAILED, NULL }, { "illegal", REPORT_FAILED, NULL },                        \
    { "not permitted", REPORT_FAILED, NULL }, { "denied", REPORT_FAILED, NULL },                   \
    { "Unknown/illegal", REPORT_FAILED, NULL }, { "not supported", REPORT_FAILED, NULL }, { NULL }

// clang-format off
static const struct verdict cancel_verdicts[] = {
    AWAY, ENDED(REPORT_DONE, "it had ended"),
    { "no longer pending", REPORT_DONE, "it has started" },
    DENIED("PBS does not let you cancel it"),
    OTHERS,
};

static const struct verdict hold_verdicts[] = {
    AWAY, ENDED(REPORT_FAILED, "it has ended"),
    { "no longer pending", REPORT_FAILED, "it has started, and only what waits can be held" },
    DENIED("PBS does not let you hold it"),
    OTHERS,
};

static const struct verdict release_verdicts[] = {
    AWAY, ENDED(REPORT_FAILED, "it has ended"),
    DENIED("an administrator of the cluster holds it, and only they can release it"),
    OTHERS,
};

static const struct verdict suspend_verdicts[] = {
    AWAY, ENDED(REPORT_FAILED, "it has ended"), NO_QSIG,
    DENIED("PBS lets only its administrators and operators suspend and resume jobs: ask them, or "
           "write \"signal STOP\" to ctl, which stops its processes and keeps its cores"),
    { "invalid for state", REPORT_FAILED, "it has not started yet: write hold to ctl" },
    OTHERS,
};

static const struct verdict signal_verdicts[] = {
    AWAY, ENDED(REPORT_FAILED, "it has ended"), NO_QSIG,
    { "invalid for state", REPORT_FAILED, "it is not running" },
    DENIED("PBS does not let you signal it"),
    OTHERS,
};
// clang-format on

int pbs_say_cancel(const struct ask *a, struct command *c)
{
    return verb_say(a, c, PBS_SETUP, verb_waiting(a) ? cancel_waiting : cancel, NULL, pbs_id);
}

int pbs_say_hold(const struct ask *a, struct command *c)
{
    return verb_say(a, c, PBS_SETUP, hold, NULL, pbs_id);
}

int pbs_say_release(const struct ask *a, struct command *c)
{
    return verb_say(a, c, PBS_SETUP, release, NULL, pbs_id);
}

int pbs_say_suspend(const struct ask *a, struct command *c)
{
    return verb_say(a, c, PBS_SETUP, suspend, NULL, pbs_id);
}

int pbs_say_resume(const struct ask *a, struct command *c)
{
    return verb_say(a, c, PBS_SETUP, resume, NULL, pbs_id);
}

int pbs_say_signal(const struct ask *a, struct command *c)
{
    return a->word ? verb_say(a, c, PBS_SETUP, signal_one, a->word, pbs_id) : -EINVAL;
}

void pbs_hear_cancel(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, cancel_verdicts, pbs_id);
}

void pbs_hear_hold(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, hold_verdicts, pbs_id);
}

void pbs_hear_release(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, release_verdicts, pbs_id);
}

void pbs_hear_suspend(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, suspend_verdicts, pbs_id);
}

void pbs_hear_signal(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, signal_verdicts, pbs_id);
}
