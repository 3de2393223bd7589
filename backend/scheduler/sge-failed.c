/*
 * sge-failed.c - what Grid Engine's accounting says of an end
 *
 * Its `failed` decides, then the exit code. One number stands for a job that was over any of its
 * limits, so what it had asked for tells which. And one stands for any kill: whoever was killed
 * without a word of our wrapper was killed from outside, as qdel does.
 */
#include "sge.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "clustrixfs/units.h"

struct failure {
    unsigned       first, last;
    enum report_is is;
    enum job_cause cause; /* NONE: it ran, so its exit code counts */
};

/* sge_status(5). What is not in here is a start that failed, with its own words for it. */
// clang-format off
static const struct failure failures[] = {
    { 0,   0,   REPORT_ENDED,   CAUSE_NONE },
    { 12,  17,  REPORT_ENDED,   CAUSE_NONE },
    { 18,  19,  REPORT_ENDED,   CAUSE_NODE },
    { 24,  25,  REPORT_UNKNOWN, CAUSE_NONE }, /* it will be run again */
    { 29,  30,  REPORT_ENDED,   CAUSE_NONE },
    { 37,  37,  REPORT_ENDED,   CAUSE_TIME_LIMIT },
    { 100, 100, REPORT_ENDED,   CAUSE_SIGNAL },
};
// clang-format on

static const struct failure *failure_of(uint64_t code)
{
    static const struct failure start = { 0, 0, REPORT_ENDED, CAUSE_START };

    for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
        if (code >= failures[i].first && code <= failures[i].last)
            return &failures[i];
    return &start;
}

/* "37  : qmaster enforced h_rt": the number; false without one. */
static bool number_of(struct span s, uint64_t *n)
{
    struct span word = { "", 0 };

    return span_next_word(&s, &word) && span_is_number(word) && span_to_u64(word, n) == 0;
}

/* "0.049s", "12.3": microseconds. */
static uint64_t to_us(struct span s)
{
    uint64_t    whole = 0, part = 0;
    struct span seconds = span_until(&s, '.');

    while (s.len > 0 && (s.data[s.len - 1] < '0' || s.data[s.len - 1] > '9'))
        s.len--;
    if (span_to_u64(seconds, &whole) < 0 || whole > UINT32_MAX)
        return 0;
    if (s.len != 3 || span_to_u64(s, &part) < 0)
        part = 0;
    return whole * 1000000 + part * 1000;
}

/* "-l h_rt=5,h_vmem=100M -pe smp 2": what was asked for of one resource; empty: nothing. */
static struct span asked(struct span category, const char *resource)
{
    const char *at = category.len > 0 ? memmem(category.data, category.len, resource,
                                               strlen(resource))
                                      : NULL;
    size_t      gone = at ? (size_t)(at - category.data) + strlen(resource) : category.len;
    struct span rest = { category.data + gone, category.len - gone };
    struct span word = span_until(&rest, ' ');

    return span_until(&word, ',');
}

static void set_limit(const struct sge_record *record, struct report *r)
{
    struct span time = asked(record->category, "h_rt="), wall = record->wallclock;
    struct span memory = asked(record->category, "h_vmem=");
    uint64_t    limit = 0, ran = 0;

    while (wall.len > 0 && (wall.data[wall.len - 1] < '0' || wall.data[wall.len - 1] > '9'))
        wall.len--;
    wall = span_until(&wall, '.');
    if (memory.len > 0 && span_to_u64(wall, &ran) == 0 &&
        (units_time(time, UNITS_TIME_SECONDS, &limit) < 0 || ran + 1 < limit))
        r->cause = CAUSE_MEMORY;
    snprintf(r->note, sizeof r->note, r->cause == CAUSE_MEMORY
             ? "it needed more memory than it had asked for"
             : "Grid Engine ended it at its time limit");
}

static void set_killed(uint64_t status, bool kept, struct report *r)
{
    r->signal = status > 128 ? (int32_t)((status - 128) & 0x7f) : 0;
    if (kept || r->signal != SIGKILL)
        return;
    r->cause = CAUSE_CANCEL;
    r->signal = 0;
    snprintf(r->note, sizeof r->note, "it was cancelled: killed from outside, as qdel does");
}

static void set_words(struct span failed, struct report *r)
{
    (void)span_until(&failed, ':');
    while (failed.len > 0 && failed.data[0] == ' ')
        failed = (struct span){ failed.data + 1, failed.len - 1 };
    if (failed.len > 0 && !r->note[0]) {
        snprintf(r->note, sizeof r->note, "Grid Engine: ");
        span_copy(r->note + strlen(r->note), sizeof r->note - strlen(r->note), failed);
    }
}

void sge_ended(const struct sge_record *record, bool kept, struct report *r)
{
    uint64_t              code, status = 0;
    const struct failure *f;

    *r = (struct report){ .is = REPORT_UNKNOWN };
    if (!number_of(record->failed, &code) || !number_of(record->status, &status))
        return;
    f = failure_of(code);
    r->is = f->is;
    if (r->is != REPORT_ENDED)
        return;
    r->cause = f->cause == CAUSE_NONE ? CAUSE_EXIT : f->cause;
    if (r->cause == CAUSE_EXIT)
        r->exit_code = (int32_t)(status & 0xff);
    if (r->cause == CAUSE_SIGNAL)
        set_killed(status, kept, r);
    if (r->cause == CAUSE_TIME_LIMIT)
        set_limit(record, r);
    if (code != 0)
        set_words(record->failed, r);
    r->usage.user_us = to_us(record->user);
    r->usage.system_us = to_us(record->system);
    span_copy(r->node, sizeof r->node, record->node);
}
