/*
 * slurm-conclude.c - what follows from what the queue, the accounting and the log said
 *
 * A job that the queue says waits or runs does so, whatever the others say: the accounting lags.
 * Of the end the accounting knows most, then the controller, then the log. The log alone tells of a
 * job that was killed for its memory, which the others call a failure by signal 9.
 */
#include "slurm-account.h"

#include <stdio.h>
#include <string.h>

struct log_words {
    const char    *words;
    enum job_cause cause;
    const char    *note;
};

/* The first that matches counts, for the same kill may be told in several lines. */
// clang-format off
static const struct log_words log_table[] = {
    { "exceeded memory limit",    CAUSE_MEMORY, "it needed more memory than it had asked for" },
    { "exceeded virtual memory limit", CAUSE_MEMORY,
      "it needed more memory than it had asked for" },
    { "Exceeded job memory limit", CAUSE_MEMORY, "it needed more memory than it had asked for" },
    { "oom-kill",                 CAUSE_MEMORY, "it needed more memory than it had asked for" },
    { "oom_kill",                 CAUSE_MEMORY, "it needed more memory than it had asked for" },
    { "DUE TO TIME LIMIT",        CAUSE_TIME_LIMIT, "Slurm ended it at its time limit" },
    { "DUE TO PREEMPTION",        CAUSE_SIGNAL, "Slurm took its nodes away for another job" },
    { "DUE TO NODE FAILURE",      CAUSE_NODE, "a node that it ran on failed" },
    { "DUE TO JOB REQUEUE",       CAUSE_SIGNAL, "Slurm put it back into the queue" },
    { "CANCELLED AT",             CAUSE_CANCEL, "it was cancelled" },
};
// clang-format on

static size_t rank(enum job_cause cause)
{
    for (size_t i = 0; i < ARRAY_SIZE(log_table); i++)
        if (log_table[i].cause == cause)
            return i;
    return ARRAY_SIZE(log_table);
}

void slurm_log_line(struct span line, struct report *log)
{
    for (size_t i = 0; i < ARRAY_SIZE(log_table); i++) {
        const struct log_words *w = &log_table[i];

        if (!span_has(line, w->words))
            continue;
        if (log->is == REPORT_ENDED && rank(log->cause) <= i)
            return;
        log->is = REPORT_ENDED;
        log->cause = w->cause;
        snprintf(log->note, sizeof log->note, "%s", w->note);
        return;
    }
}

/* "it was cancelled by root": the name, else the number. */
static void name_canceller(const struct hearing *all, const struct heard *h, struct report *r)
{
    struct span rest = all->text, line, name = h->by;
    char        who[64];

    if (h->by.len == 0 || r->cause != CAUSE_CANCEL)
        return;
    while (span_next_line(&rest, &line)) {
        if (!span_begins(line, "U|"))
            continue;
        (void)span_until(&line, '|');
        struct span uid = span_until(&line, '|');
        if (uid.len == h->by.len && memcmp(uid.data, h->by.data, uid.len) == 0 && line.len > 0)
            name = line;
    }
    span_copy(who, sizeof who, name);
    snprintf(r->note, sizeof r->note, "it was cancelled by %s", who);
}

static bool is_active(const struct report *r)
{
    return r->is != REPORT_ENDED && r->is != REPORT_UNKNOWN;
}

/* Slurm's daemon says why it killed; the states only that it did. */
static void add_log(const struct report *log, struct report *r)
{
    bool vague = r->cause == CAUSE_SIGNAL || r->cause == CAUSE_NONE || r->cause == CAUSE_EXIT;

    if (log->is != REPORT_ENDED || !vague || log->cause == CAUSE_CANCEL)
        return;
    if (r->cause == CAUSE_EXIT && (r->exit_code == 0 || log->cause != CAUSE_MEMORY))
        return;
    r->cause = log->cause;
    r->exit_code = 0;
    snprintf(r->note, sizeof r->note, "%s", log->note);
}

/* None of the three has seen its end. */
static void conclude_unseen(const struct hearing *all, const struct heard *h, struct report *r)
{
    if (h->log.is == REPORT_ENDED) {
        *r = h->log;
        return;
    }
    if (all->queue_ok)
        r->up_ns = all->up_ns;
    if (h->accounted)
        snprintf(r->note, sizeof r->note, "Slurm's accounting has not heard of its end yet");
    else if (all->queue_ok && all->account_ok && !all->unreadable)
        r->is = REPORT_ABSENT;
}

void slurm_conclude(const struct hearing *all, const struct heard *h, struct report *r)
{
    bool ended = h->accounted && h->account.is == REPORT_ENDED;

    if (h->queued && is_active(&h->queue)) {
        *r = h->queue;
        return;
    }
    if (!ended && !(h->queued && h->queue.is == REPORT_ENDED)) {
        conclude_unseen(all, h, r);
        return;
    }
    *r = ended ? h->account : h->queue;
    /* Only the controller tells of a dependency that cannot be. */
    if (h->queued && h->queue.cause == CAUSE_DEPENDENCY)
        *r = h->queue;
    name_canceller(all, h, r);
    add_log(&h->log, r);
    slurm_unstarted(all, h, r);
}
