/*
 * hear.c - what came back from a cluster, and what it means for the job
 *
 * The strongest evidence goes first: an exit record ends a job whatever the scheduler says. "Not
 * there" ends nothing by itself: a job that was never claimed goes back to the queue, one that was
 * has to be missed twice, with time in between, before it is called lost.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "live.h"
#include "token.h"

#define GRACE_NS (2 * NS_PER_S)
#define BACKOFF_MAX_S 60

/* Its files are on the cluster: they need not go with the next order. */
static void is_put(struct engine *en, struct job *j)
{
    struct job *whole = j->whole ? j->whole : j;

    whole->put = true;
    if (whole->inputs) {
        free(STEAL(whole->inputs));
        job_changed(en, whole, 0);
    }
}

/* Not started for certain: back into the queue, and later each time. */
static void not_started(struct engine *en, struct job *j, const char *why)
{
    unsigned wait_s = 1u << (j->failures < 6 ? j->failures : 6);

    j->failures++;
    (j->whole ? j->whole : j)->put = false;
    job_reason(j, "could not be started yet, tried again in %u s: %s",
               wait_s < BACKOFF_MAX_S ? wait_s : BACKOFF_MAX_S, why);
    if (!job_move(en, j, EV_ABSENT, "scheduler", why))
        return;
    duty_at(en, j, clock_mono_ns() + (wait_s < BACKOFF_MAX_S ? wait_s : BACKOFF_MAX_S) * NS_PER_S);
    if (j->wish)
        duty_do(en, j);
}

static void take_started(struct job *j, const struct record *rec)
{
    if (rec->started_ns)
        j->v.times.started_ns = rec->started_ns;
    if (job_text(&j->v.node, rec->node) || job_text(&j->v.memory_by, rec->memory_by))
        log_line(LOG_WARN, "job=%llu: out of memory for where it ran",
                 (unsigned long long)JOB_NUMBER(j->v.id));
}

static void started(struct engine *en, struct job *j, const struct record *rec,
                    const char *evidence)
{
    if (rec)
        take_started(j, rec);
    else if (!j->v.times.started_ns)
        j->v.times.started_ns = clock_now_ns();
    j->failures = 0;
    if (j->v.state == JOB_SUBMITTING || j->v.state == JOB_QUEUED || j->v.state == JOB_HELD) {
        job_reason(j, "running on %s", j->v.node ? j->v.node : j->cluster->name);
        slots_take(job_place(en, j), j);
        job_move(en, j, EV_STARTED, evidence, "");
        __atomic_add_fetch(&en->started, 1, __ATOMIC_RELAXED);
    }
    if ((j->wish & WISH_CANCEL) && !j->asked)
        duty_do(en, j);
}

/* "exit code 3", "signal 9 (Killed)", ... */
static void how_it_ended(const struct record *rec, char *out, size_t size)
{
    if (rec->signal)
        snprintf(out, size, "it was ended by signal %d (%s)", rec->signal, strsignal(rec->signal));
    else if (rec->exit_code >= 0)
        snprintf(out, size, "it exited %d", rec->exit_code);
    else
        snprintf(out, size, "how it ended is not known");
}

/* The sentence for each cause; "%s" is how it ended. */
static void explain(struct job *j, const struct record *rec)
{
    char how[96];

    how_it_ended(rec, how, sizeof(how));
    switch (rec->cause) {
    case CAUSE_TIME_LIMIT:
        job_reason(j, "time limit: it ran longer than the %llu s it asked for; %s",
                   (unsigned long long)j->v.time_s, how);
        break;
    case CAUSE_MEMORY:
        job_reason(j, "out of memory: it used more than the %llu MiB it asked for; %s",
                   (unsigned long long)(j->v.memory >> 20), how);
        break;
    case CAUSE_START:
        job_reason(j, "could not start: %s", rec->note);
        break;
    case CAUSE_CANCEL:
        job_reason(j, "cancelled while it ran; %s", how);
        break;
    default:
        job_reason(j, "%s", how);
        break;
    }
}

static void take_end(struct job *j, const struct record *rec)
{
    take_started(j, rec);
    j->v.cause = rec->cause;
    j->v.exit_code = rec->signal || rec->cause == CAUSE_START ? -1 : rec->exit_code;
    j->v.signal = rec->signal;
    j->v.usage = rec->usage;
    j->v.times.ended_ns = rec->ended_ns;
    explain(j, rec);
}

static bool was_cancelled(const struct job *j, const struct record *rec)
{
    return rec->cause == CAUSE_CANCEL || ((j->wish & WISH_CANCEL) && rec->cause == CAUSE_SIGNAL);
}

/* A failure with attempts left is no end: the next one begins, its output beside the old one. */
static void failed(struct engine *en, struct job *j)
{
    char detail[ERROR_TEXT_MAX];

    if (j->v.attempt > j->v.retries || (j->wish & WISH_CANCEL)) {
        job_move(en, j, EV_FAILED, "exit record", j->v.reason ? j->v.reason : "");
        return;
    }
    snprintf(detail, sizeof(detail), "attempt %u: %s", j->v.attempt,
             j->v.reason ? j->v.reason : "failed");
    job_again(en, j, "exit record", detail);
}

void job_again(struct engine *en, struct job *j, const char *evidence, const char *detail)
{
    j->v.attempt++;
    j->v.cause = CAUSE_NONE;
    j->v.exit_code = -1;
    j->v.signal = 0;
    j->v.times.started_ns = j->v.times.ended_ns = 0;
    j->v.usage = (struct job_usage){ 0 };
    j->wish = 0;
    j->suspect = j->meant = j->asked = false;
    if (job_move(en, j, EV_RETRIED, evidence, detail))
        duty_do(en, j);
}

void hear_record(struct engine *en, struct job *j, const struct record *rec, const char *evidence)
{
    if (rec->cause == CAUSE_NONE) {
        started(en, j, rec, evidence);
        return;
    }
    if (!job_next(j->v.state, EV_EXITED))
        return;
    if (j->v.state != JOB_RUNNING && j->v.state != JOB_SUSPENDED && rec->cause != CAUSE_START)
        started(en, j, rec, evidence);
    take_end(j, rec);
    job_move(en, j, EV_EXITED, evidence, j->v.reason ? j->v.reason : "");
    if (was_cancelled(j, rec))
        job_move(en, j, EV_CANCELLED, evidence, "");
    else if (rec->cause == CAUSE_EXIT && rec->exit_code == 0 && !rec->signal)
        job_move(en, j, EV_COMPLETED, evidence, "");
    else
        failed(en, j);
}

static void lost(struct engine *en, struct job *j, enum job_cause cause, const char *why)
{
    j->v.cause = cause;
    job_reason(j, "lost: %s; how its command ended cannot be told", why);
    job_move(en, j, EV_VANISHED, "scheduler", why);
}

/*
 * The machine under a local job was restarted since we set out to start it: that there is no claim
 * is then no proof that it did not run, since the claim need not have reached the disk.
 */
static bool started_over(const struct job *j)
{
    return j->cluster->transport->here && j->v.state == JOB_SUBMITTING &&
           j->v.times.changed_ns < clock_boot_ns();
}

/* The cluster answered for this job and has no process of it. */
static void not_there(struct engine *en, struct job *j, const struct report *rep)
{
    if (rep->cause == CAUSE_NODE) {
        lost(en, j, rep->cause, rep->note);
    } else if (rep->cause == CAUSE_NONE && started_over(j)) {
        lost(en, j, CAUSE_NODE,
             "this machine was restarted when it was about to be started, and whether it was "
             "cannot be told");
    } else if (rep->cause == CAUSE_NONE && j->v.state == JOB_SUBMITTING) {
        job_reason(j, "queued again: it had certainly not been started");
        if (job_move(en, j, EV_ABSENT, "no claim in its directory", ""))
            duty_do(en, j);
    } else if (j->suspect) {
        lost(en, j, rep->cause,
             rep->cause ? rep->note : "the directory that it ran in is gone");
    } else {
        j->suspect = true;
        duty_at(en, j, clock_mono_ns() + GRACE_NS);
    }
}

static void hear_submit(struct engine *en, struct job *j, const struct answer *a)
{
    if (a->is == ANSWER_NOT_RUN) {
        not_started(en, j, a->e.text);
        return;
    }
    if (a->is == ANSWER_UNKNOWN) {
        job_reason(j, "it cannot be told whether the cluster took it: %s; asking again", a->e.text);
        job_changed(en, j, CHANGE_JOB_STATE);
        duty_at(en, j, clock_mono_ns() + GRACE_NS);
        return;
    }
    switch (a->report.is) {
    case REPORT_RUNNING:
        is_put(en, j);
        started(en, j, NULL, "scheduler");
        break;
    case REPORT_REFUSED:
        j->v.cause = CAUSE_REFUSED;
        job_reason(j, "refused by the scheduler: %s", a->report.note);
        job_move(en, j, EV_REFUSED, "scheduler", a->report.note);
        break;
    case REPORT_ABSENT:
    case REPORT_FAILED:
        not_started(en, j, a->report.note);
        break;
    default:
        duty_do(en, j);
    }
}

static void hear_look(struct engine *en, struct job *j, const struct answer *a)
{
    if (a->is != ANSWER_SAID || a->report.is == REPORT_UNKNOWN) {
        if (j->v.state == JOB_SUBMITTING || j->suspect)
            duty_at(en, j, clock_mono_ns() + GRACE_NS);
    } else if (a->report.is == REPORT_RUNNING || a->report.is == REPORT_SUSPENDED) {
        j->suspect = false;
        started(en, j, NULL, "scheduler");
        /* The answer to a suspend or resume may have been lost. */
        job_move(en, j, a->report.is == REPORT_SUSPENDED ? EV_SUSPENDED : EV_RESUMED, "scheduler",
                 "");
    } else if (a->report.is == REPORT_ABSENT || a->report.is == REPORT_ENDED) {
        not_there(en, j, &a->report);
    }
}

static const struct {
    enum job_event ev;
    const char    *reason;
} verb_done[VERB_COUNT] = {
    [VERB_SUSPEND] = { EV_SUSPENDED, "suspended: write resume to its ctl to let it go on" },
    [VERB_RESUME] = { EV_RESUMED, "running again" },
};

static void hear_verb(struct engine *en, struct job *j, const struct answer *a)
{
    const char *why = a->is == ANSWER_SAID ? a->report.note : a->e.text;

    if (a->is != ANSWER_SAID || a->report.is == REPORT_FAILED) {
        job_reason(j, "the cluster did not do what was asked: %s", why);
        j->asked = false;
        job_changed(en, j, CHANGE_JOB_STATE);
        duty_at(en, j, clock_mono_ns() + GRACE_NS);
    } else if (a->verb == VERB_CANCEL) {
        /* Mostly its exit record is here before; a job without a keeper leaves none. */
        duty_at(en, j, clock_mono_ns() + GRACE_NS);
    } else if (job_next(j->v.state, verb_done[a->verb].ev)) {
        job_reason(j, "%s", verb_done[a->verb].reason);
        job_move(en, j, verb_done[a->verb].ev, "scheduler", "");
    }
}

typedef void hear_fn(struct engine *en, struct job *j, const struct answer *a);

/* An answer names its job by id, a line of the events file by token and element. */
static struct job *whose(struct engine *en, const struct answer *a)
{
    struct job *j;

    if (a->id)
        return engine_job(en, a->id);
    j = idmap_get(&en->tokens, token_bits(span_str(a->token)));
    return j && a->element ? engine_job(en, j->v.id + a->element) : j;
}

void hear_answer(struct engine *en, struct answer *a)
{
    static hear_fn *const hear[] = {
        [ORDER_SUBMIT] = hear_submit,
        [ORDER_LOOK] = hear_look,
        [ORDER_VERB] = hear_verb,
    };
    struct job *j = whose(en, a);

    if (a->kind == ORDER_REMOVE) {
        /* Without memory for it the directory is removed, harmlessly, once more at the next
         * start. */
        if (a->is == ANSWER_SAID &&
            commit_change(en, change_removed(en->config->clusters[a->cluster].name, a->token)))
            log_line(LOG_WARN, "out of memory: the removal of %s is done again", a->token);
        return;
    }
    /* Late news, of an earlier attempt or of one whose end is known, change nothing. */
    if (!j || j->v.attempt != a->attempt || job_ended(j->v.state))
        return;
    if (a->has_record) {
        is_put(en, j);
        hear_record(en, j, &a->record, a->record.cause ? "exit record" : "start record");
        if (a->record.cause)
            return;
    }
    if (a->id)
        hear[a->kind](en, j, a);
}
