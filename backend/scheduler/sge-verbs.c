/*
 * sge-verbs.c - cancel, hold, release, suspend and resume
 *
 * Each program of Grid Engine's says what it did in words; some end with 0 whatever they did, so
 * their words count.
 */
#include "sge.h"

#define AWAY_WORDS                                                                                 \
    "away() {\n"                                                                                   \
    "    case $1 in\n"                                                                             \
    "    *'commlib error'*|*'unable to send message'*|*'unable to contact'*) true ;;\n"            \
    "    *) false ;;\n"                                                                            \
    "    esac\n"                                                                                   \
    "}\n"

static const char cancel[] = AWAY_WORDS
                             "one() { timeout 30 qdel \"$1\"; }\n"
                             "all() { timeout 60 qdel \"$@\"; }\n";

/* What is for those that wait is not done to those that run. */
#define WAITING(program)                                                                           \
    AWAY_WORDS                                                                                     \
    "all() { false; }\n"                                                                           \
    "rows=$(timeout 30 qstat -s rs -u \"$(id -un)\" 2>/dev/null)\n"                                \
    "one() {\n"                                                                                    \
    "    case $1 in *.*) task=${1#*.} ;; *) task= ;; esac\n"                                       \
    "    if printf '%s\\n' \"$rows\" | awk -v job=\"${1%.*}\" -v task=\"$task\" "                 \
    "'$1 == job && (task == \"\" || $NF == task) { n++ } END { exit !n }'; then\n"                 \
    "        echo 'no longer pending'; false\n"                                                    \
    "    else\n"                                                                                   \
    "        timeout 30 " program " \"$1\"\n"                                                      \
    "    fi\n"                                                                                     \
    "}\n"

/* Grid Engine takes a hold of a job that runs, for its next run, of which there will be none. */
static const char hold[] = WAITING("qhold");
static const char cancel_waiting[] = WAITING("qdel");

static const char release[] = AWAY_WORDS
                              "one() { timeout 30 qrls \"$1\"; }\n"
                              "all() { false; }\n";

/* It ends with 0 also when it did nothing. */
#define QMOD(option, done)                                                                         \
    AWAY_WORDS                                                                                     \
    "one() {\n"                                                                                    \
    "    out=$(timeout 30 qmod " option " \"$1\" 2>&1); status=$?\n"                               \
    "    printf '%s\\n' \"$out\"\n"                                                                \
    "    case $out in *' - " done " job'*) true ;; *) false ;; esac\n"                             \
    "}\n"                                                                                          \
    "all() { false; }\n"

static const char suspend[] = QMOD("-sj", "suspended");
static const char resume[] = QMOD("-usj", "unsuspended");

/* Whether it arrived cannot be told: it may be said again. */
#define AWAY                                                                                       \
    { "commlib error", REPORT_UNKNOWN, NULL },                                                     \
    { "unable to send message", REPORT_UNKNOWN, NULL },                                            \
    { "unable to contact", REPORT_UNKNOWN, NULL }
#define ENDED(is, note) { "does not exist", is, note }, { "invalid queue or job", is, note }
#define OTHERS                                                                                     \
    { "denied", REPORT_FAILED, NULL }, { "can not be applied", REPORT_FAILED, NULL },              \
    { "already", REPORT_DONE, NULL }, { "must be ", REPORT_FAILED, NULL }, { NULL }

// clang-format off
static const struct verdict cancel_verdicts[] = {
    AWAY, ENDED(REPORT_DONE, "it had ended"),
    { "already in deletion", REPORT_DONE, "it is being cancelled" },
    { "no longer pending", REPORT_DONE, "it has started" },
    OTHERS,
};

static const struct verdict hold_verdicts[] = {
    AWAY, ENDED(REPORT_FAILED, "it has ended"),
    { "no longer pending", REPORT_FAILED, "it has started, and only what waits can be held" },
    OTHERS,
};

static const struct verdict release_verdicts[] = {
    AWAY, ENDED(REPORT_FAILED, "it has ended"),
    OTHERS,
};

static const struct verdict suspend_verdicts[] = {
    AWAY, ENDED(REPORT_FAILED, "it has ended"),
    { "pending/hold state", REPORT_FAILED, "it has not started yet: write hold to ctl" },
    OTHERS,
};
// clang-format on

static int say(const struct ask *a, struct command *c, const char *how)
{
    return verb_say(a, c, SGE_SETUP, how, NULL, sge_id);
}

int sge_say_cancel(const struct ask *a, struct command *c)
{
    return say(a, c, verb_waiting(a) ? cancel_waiting : cancel);
}

int sge_say_hold(const struct ask *a, struct command *c)
{
    return say(a, c, hold);
}

int sge_say_release(const struct ask *a, struct command *c)
{
    return say(a, c, release);
}

int sge_say_suspend(const struct ask *a, struct command *c)
{
    return say(a, c, suspend);
}

int sge_say_resume(const struct ask *a, struct command *c)
{
    return say(a, c, resume);
}

void sge_hear_cancel(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, cancel_verdicts, sge_id);
}

void sge_hear_hold(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, hold_verdicts, sge_id);
}

void sge_hear_release(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, release_verdicts, sge_id);
}

void sge_hear_suspend(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, suspend_verdicts, sge_id);
}
