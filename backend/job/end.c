/*
 * end.c - how a job ended, from its record to its state and the sentence for a person
 *
 * The strongest evidence goes first: an exit record ends a job whatever the scheduler says.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"

#include "live.h"

void end_take_start(struct job *j, const struct record *rec)
{
    if (rec->started_ns)
        j->v.times.started_ns = rec->started_ns;
    if (job_text(&j->v.node, rec->node) || job_text(&j->v.memory_by, rec->memory_by))
        log_line(LOG_WARN, "job=%llu: out of memory for where it ran",
                 (unsigned long long)JOB_NUMBER(j->v.id));
}

/* What a limit was, where the job did not ask for one itself. */
static const char *limit_of(bool said)
{
    return said ? "it asked for" : "that the cluster gives it";
}

static void how_it_ended(const struct record *rec, char *out, size_t size)
{
    if (rec->signal)
        snprintf(out, size, "it was ended by signal %d (%s)", rec->signal, strsignal(rec->signal));
    else if (rec->exit_code >= 0)
        snprintf(out, size, "it exited %d", rec->exit_code);
    else
        snprintf(out, size, "how it ended is not known");
}

#define AMOUNT_MAX 40

/* "300 s", or what there is to say where no number is known. */
static const char *amount_text(char out[AMOUNT_MAX], uint64_t n, const char *unit)
{
    if (n)
        snprintf(out, AMOUNT_MAX, "%llu %s", (unsigned long long)n, unit);
    else
        snprintf(out, AMOUNT_MAX, "%s", *unit == 's' ? "time" : "memory");
    return out;
}

/* The sentence for each cause; "%s" is how it ended. */
static void explain(struct job *j, const struct record *rec)
{
    char how[96], amount[AMOUNT_MAX];

    how_it_ended(rec, how, sizeof(how));
    switch (rec->cause) {
    case CAUSE_TIME_LIMIT:
        job_reason(j, "time limit: it ran longer than the %s %s; %s",
                   amount_text(amount, j->v.time_s, "s"), limit_of(j->v.time_s), how);
        break;
    case CAUSE_MEMORY:
        job_reason(j, "out of memory: it used more than the %s %s; %s",
                   amount_text(amount, j->v.memory >> 20, "MiB"), limit_of(j->v.memory), how);
        break;
    case CAUSE_START:
        job_reason(j, "could not start: %s", rec->note);
        break;
    case CAUSE_CANCEL:
        job_reason(j, "cancelled while it ran%s%s; %s", rec->note[0] ? ": " : "", rec->note, how);
        break;
    case CAUSE_NODE:
        job_reason(j, "the machine under it failed%s%s; %s", rec->note[0] ? ": " : "", rec->note,
                   how);
        break;
    default:
        job_reason(j, "%s%s%s", how, rec->note[0] ? "; the scheduler says: " : "", rec->note);
        break;
    }
}

static void take_end(struct job *j, const struct record *rec)
{
    end_take_start(j, rec);
    j->v.cause = rec->cause;
    j->v.exit_code = rec->signal || rec->cause == CAUSE_START ? -1 : rec->exit_code;
    j->v.signal = rec->signal;
    j->v.usage = rec->usage;
    j->v.times.ended_ns = rec->ended_ns;
    explain(j, rec);
}

static bool was_cancelled(const struct job *j)
{
    return j->v.cause == CAUSE_CANCEL || ((j->wish & WISH_CANCEL) && j->v.cause == CAUSE_SIGNAL);
}

static bool has_completed(const struct job *j)
{
    return j->v.cause == CAUSE_EXIT && j->v.exit_code == 0 && !j->v.signal;
}

/* Whether there is another attempt. */
static bool goes_again(const struct job *j)
{
    return !was_cancelled(j) && !has_completed(j) && j->v.attempt <= j->v.retries &&
           !(j->wish & WISH_CANCEL);
}

/* A failure with attempts left is no end: the next one begins, its output beside the old one. */
static void try_again(struct engine *en, struct job *j)
{
    char detail[ERROR_TEXT_MAX];

    snprintf(detail, sizeof(detail), "attempt %u: %s", j->v.attempt,
             j->v.reason ? j->v.reason : "failed");
    job_again(en, j, "exit record", detail);
}

void job_again(struct engine *en, struct job *j, const char *evidence, const char *detail)
{
    queue_tidy(en, j);
    j->v.attempt++;
    job_clear_attempt(j);
    if (job_move(en, j, EV_RETRIED, evidence, detail))
        duty_do(en, j);
}

void end_conclude(struct engine *en, struct job *j, const char *evidence, const char *outputs)
{
    if (was_cancelled(j))
        job_move(en, j, EV_CANCELLED, evidence, outputs);
    else if (has_completed(j))
        job_move(en, j, EV_COMPLETED, evidence, outputs);
    else
        job_move(en, j, EV_FAILED, evidence, j->v.reason ? j->v.reason : "");
}

void hear_record(struct engine *en, struct job *j, const struct record *rec, const char *evidence)
{
    if (rec->cause == CAUSE_NONE) {
        hear_started(en, j, rec, evidence);
        return;
    }
    if (!job_next(j->v.state, EV_EXITED))
        return;
    if (!job_runs(j) && rec->cause != CAUSE_START)
        hear_started(en, j, rec, evidence);
    outputs_drop(en, j);
    take_end(j, rec);
    job_move(en, j, EV_EXITED, evidence, j->v.reason ? j->v.reason : "");
    if (goes_again(j))
        try_again(en, j);
    else if (!outputs_begin(en, j))
        end_conclude(en, j, evidence, "");
}
