/*
 * slurm-verbs.c - cancel, hold, release, suspend, resume and signal
 *
 * One command for all jobs, with a verdict for each: "V|ID|STATUS|WORDS". Every call of Slurm's is
 * bounded, since a controller that is stopped or a job that has not started yet can keep it for
 * minutes; and when the controller is away, what one call heard is said of all.
 */
#include "slurm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Defined before it: one ID, and all ID... for a verb that takes them at once, else false. */
static const char each[] =
    "say() { printf 'V|%s|%s|%s\\n' \"$1\" \"$2\" \"$(printf %s \"$3\" | tr '\\n' ' ')\"; }\n"
    "away() { case $1 in *'slurm controller'*|*'timed out'*) true ;; *) false ;; esac; }\n"
    "if out=$(all \"$@\" 2>&1); then\n"
    "    for id; do say \"$id\" 0 ''; done\n"
    "elif away \"$out\"; then\n"
    "    for id; do say \"$id\" 1 \"$out\"; done\n"
    "else\n"
    "    out=\n"
    "    for id; do\n"
    "        away \"$out\" || { out=$(one \"$id\" 2>&1); status=$?; }\n"
    "        say \"$id\" \"$status\" \"$out\"\n"
    "    done\n"
    "fi\n"
    "echo " SLURM_END "\n";

static const char cancel[] = "one() { timeout 30 scancel \"$1\"; }\n"
                             "all() { timeout 60 scancel \"$@\"; }\n";

/* Slurm takes a hold of a job that runs and does nothing with it. */
static const char hold[] =
    "all() { false; }\n"
    "one() {\n"
    "    case $(timeout 30 squeue --all -h -t all -j \"$1\" -o %T 2>/dev/null) in\n"
    "    *PENDING*|*REQUEUE*|*CONFIGURING*|'') timeout 30 scontrol hold \"$1\" ;;\n"
    "    *RUNNING*|*SUSPENDED*|*COMPLETING*) echo 'no longer pending'; false ;;\n"
    "    *) echo 'has ended'; false ;;\n"
    "    esac\n"
    "}\n";

#define SCONTROL(verb)                                                                             \
    "one() { timeout 30 scontrol " verb " \"$1\"; }\n"                                             \
    "all() { false; }\n"

/* To the script, whose wrapper hands it on to the command; what no script can catch, to all. Of a
 * job that waits scancel would try for a minute and a half. */
static const char signal_one[] =
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

static int say(const struct ask *a, struct command *c, const char *how, const char *word)
{
    int  r = strv_add(&c->argv, "sh");
    char id[SLURM_ID_MAX];

    if (r == 0)
        r = strv_add(&c->argv, "-c");
    if (r == 0)
        r = strv_printf(&c->argv, "%s%s%s", SLURM_SETUP, how, each);
    if (r == 0)
        r = strv_add(&c->argv, "cfx");
    if (r == 0 && word)
        r = strv_add(&c->argv, word);
    for (size_t i = 0; r == 0 && i < a->n; i++) {
        slurm_id(id, &a->refs[i]);
        if (id[0])
            r = strv_add(&c->argv, id);
    }
    return r;
}

struct verdict {
    const char    *words;
    enum report_is is;
    const char    *note; /* NULL: Slurm's own words */
};

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

static void judge(struct span status, struct span words, const struct verdict *v, struct report *r)
{
    *r = (struct report){ .is = span_is(status, "0") ? REPORT_DONE : REPORT_UNKNOWN };
    if (r->is == REPORT_DONE)
        return;
    slurm_copy(r->note, sizeof r->note, words);
    for (; v->words; v++)
        if (span_has(words, v->words)) {
            r->is = v->is;
            if (v->note)
                snprintf(r->note, sizeof r->note, "%s", v->note);
            return;
        }
}

static void forget(const struct ask *a, const struct outcome *o, struct report *reports)
{
    struct span rest = buf_span(&o->err), line = { "", 0 };

    (void)span_next_line(&rest, &line);
    for (size_t i = 0; i < a->n; i++) {
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        slurm_copy(reports[i].note, sizeof reports[i].note, line);
    }
}

/* Answers come in the order of the question. */
static size_t find(const struct ask *a, struct span id, size_t from)
{
    char mine[SLURM_ID_MAX];

    for (size_t k = 0; k < a->n; k++) {
        size_t i = (from + k) % a->n;

        slurm_id(mine, &a->refs[i]);
        if (mine[0] && span_is(id, mine))
            return i;
    }
    return a->n;
}

static void hear(const struct ask *a, const struct outcome *o, struct report *reports,
                 const struct verdict *v)
{
    struct span rest = buf_span(&o->out), line;
    size_t      next = 0;

    forget(a, o, reports);
    while (memchr(rest.data, '\n', rest.len) && span_next_line(&rest, &line)) {
        struct span id, status;
        size_t      i;

        if (!span_begins(line, "V|"))
            continue;
        (void)span_until(&line, '|');
        id = span_until(&line, '|');
        status = span_until(&line, '|');
        i = find(a, id, next);
        if (i == a->n)
            continue;
        judge(status, line, v, &reports[i]);
        next = i + 1;
    }
}

int slurm_say_cancel(const struct ask *a, struct command *c)
{
    return say(a, c, cancel, NULL);
}

int slurm_say_hold(const struct ask *a, struct command *c)
{
    return say(a, c, hold, NULL);
}

int slurm_say_release(const struct ask *a, struct command *c)
{
    return say(a, c, SCONTROL("release"), NULL);
}

int slurm_say_suspend(const struct ask *a, struct command *c)
{
    return say(a, c, SCONTROL("suspend"), NULL);
}

int slurm_say_resume(const struct ask *a, struct command *c)
{
    return say(a, c, SCONTROL("resume"), NULL);
}

int slurm_say_signal(const struct ask *a, struct command *c)
{
    return a->word ? say(a, c, signal_one, a->word) : -EINVAL;
}

void slurm_hear_cancel(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, cancel_verdicts);
}

void slurm_hear_hold(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, hold_verdicts);
}

void slurm_hear_release(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, release_verdicts);
}

void slurm_hear_suspend(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, suspend_verdicts);
}

void slurm_hear_signal(const struct ask *a, const struct outcome *o, struct report *reports)
{
    hear(a, o, reports, signal_verdicts);
}
