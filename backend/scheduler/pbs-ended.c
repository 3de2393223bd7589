/*
 * pbs-ended.c - what PBS says of an end
 *
 * Its Exit_status decides: what the job exited with; 256 and the signal that killed it; or, below
 * zero, PBS' own reason. Where there is none it never ran. Torque and Slurm's qstat do not tell a
 * limit from a kill, but the log does.
 */
#include "pbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/units.h"
#include "slurm-account.h"

struct log_words {
    const char    *words, *more;
    enum job_cause cause;
    const char    *note;
};

#define TOO_LONG "PBS ended it at its time limit"
#define TOO_BUSY "PBS ended it at its limit of CPU time"
#define TOO_MUCH "it needed more memory than it had asked for"

/* "=>> PBS: job killed: walltime 16 exceeded limit 10" */
// clang-format off
static const struct log_words log_table[] = {
    { "PBS: job killed: walltime", "exceeded", CAUSE_TIME_LIMIT, TOO_LONG },
    { "PBS: job killed: cput",     "exceeded", CAUSE_TIME_LIMIT, TOO_BUSY },
    { "PBS: job killed:",          "mem ",     CAUSE_MEMORY,     TOO_MUCH },
};
// clang-format on

void pbs_log_line(struct span line, struct report *log)
{
    for (size_t i = 0; i < ARRAY_SIZE(log_table); i++) {
        const struct log_words *w = &log_table[i];

        if (!span_has(line, w->words) || !span_has(line, w->more))
            continue;
        log->is = REPORT_ENDED;
        log->cause = w->cause;
        snprintf(log->note, sizeof log->note, "%s", w->note);
        return;
    }
    slurm_log_line(line, log);
}

struct own_code {
    int            first, last;
    enum job_cause cause;
    const char    *note;
};

/* PBS' own reasons; -29 was seen, the others are in its manual. */
// clang-format off
static const struct own_code own_codes[] = {
    { -29, -29, CAUSE_TIME_LIMIT, TOO_LONG },
    { -28, -28, CAUSE_TIME_LIMIT, TOO_BUSY },
    { -27, -26, CAUSE_MEMORY,     TOO_MUCH },
    { -25, -24, CAUSE_SIGNAL,     "PBS ended it since it used more cores than it had asked for" },
    { -12, -11, CAUSE_NODE,       "PBS broke it off to run it again" },
    { -6,  -4,  CAUSE_NODE,       "its node was started anew" },
    { -23, -1,  CAUSE_START,      "PBS could not start it" },
};
// clang-format on

static void set_own(int code, struct report *r)
{
    r->cause = CAUSE_START;
    for (size_t i = 0; i < ARRAY_SIZE(own_codes); i++)
        if (code >= own_codes[i].first && code <= own_codes[i].last) {
            r->cause = own_codes[i].cause;
            snprintf(r->note, sizeof r->note, "%s", own_codes[i].note);
            return;
        }
}

/* Substate 91: it was ended from outside, as qdel does. */
static void set_code(const struct pbs_row *row, uint64_t code, struct report *r)
{
    if (code < 256) {
        r->cause = CAUSE_EXIT;
        r->exit_code = (int32_t)code;
        return;
    }
    r->cause = span_is(row->substate, "91") ? CAUSE_CANCEL : CAUSE_SIGNAL;
    if (r->cause == CAUSE_SIGNAL)
        r->signal = (int32_t)((code - 256) & 0x7f);
    else
        snprintf(r->note, sizeof r->note, "it was cancelled");
}

/* "Job run at ... and exceeded resource mem" */
static void set_comment(struct span comment, struct report *r)
{
    static const struct log_words table[] = {
        { "exceeded resource walltime", "", CAUSE_TIME_LIMIT, TOO_LONG },
        { "exceeded resource cput", "", CAUSE_TIME_LIMIT, TOO_BUSY },
        { "exceeded resource mem", "", CAUSE_MEMORY, TOO_MUCH },
        { "exceeded resource vmem", "", CAUSE_MEMORY, TOO_MUCH },
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (span_has(comment, table[i].words)) {
            r->cause = table[i].cause;
            snprintf(r->note, sizeof r->note, "%s", table[i].note);
            return;
        }
}

/* It has no exit code: what was never brought to a node was taken out of the queue. Slurm's qstat
 * has none of any. */
static void set_unsaid(const struct pbs_row *row, const struct pbs_dialect *d, struct report *r)
{
    bool gone = d->slurm ? row->hosts.len == 0 : span_is(row->substate, "91");

    if (gone) {
        r->cause = CAUSE_CANCEL;
        snprintf(r->note, sizeof r->note, "it was taken out of the queue");
    } else if (!d->slurm) {
        span_copy(r->note, sizeof r->note, row->comment);
    }
}

static uint64_t to_bytes(struct span s)
{
    uint64_t n = 0;

    return units_memory(s, UNITS_BYTES, &n) == 0 ? n : 0;
}

static uint64_t to_us(struct span s)
{
    uint64_t n = 0;

    return units_time(s, UNITS_TIME_SECONDS, &n) == 0 && n < UINT32_MAX ? n * 1000000 : 0;
}

/* It knows that it was killed, and the log knows why. */
static void add_log(const struct report *log, struct report *r)
{
    bool vague = r->cause == CAUSE_SIGNAL || r->cause == CAUSE_NONE ||
                 (r->cause == CAUSE_CANCEL && log->cause != CAUSE_CANCEL) ||
                 (r->cause == CAUSE_EXIT && r->exit_code != 0 && log->cause == CAUSE_MEMORY);

    if (log->is != REPORT_ENDED || !vague)
        return;
    r->cause = log->cause;
    r->exit_code = r->signal = 0;
    memcpy(r->note, log->note, sizeof r->note);
}

void pbs_ended(const struct pbs_row *row, const struct pbs_dialect *d, const struct report *log,
               struct report *r)
{
    struct span digits = row->exit;
    uint64_t    code = 0;
    bool        negative = span_begins(digits, "-");

    if (negative)
        digits = (struct span){ digits.data + 1, digits.len - 1 };
    r->note[0] = '\0';
    if (digits.len == 0 || span_to_u64(digits, &code) < 0 || code > INT32_MAX)
        set_unsaid(row, d, r);
    else if (negative)
        set_own(-(int)code, r);
    else
        set_code(row, code, r);
    if (r->cause != CAUSE_CANCEL)
        set_comment(row->comment, r);
    add_log(log, r);
    r->usage.max_memory = to_bytes(row->memory);
    r->usage.user_us = to_us(row->cput);
}
