/*
 * sge-rows.c - the jobs that qstat -xml lists
 *
 * Text with columns would cut names at ten characters, so that no token would be left whole. What
 * is needed of the XML are five elements that hold plain words; each is looked for by its name.
 */
#include "sge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool find(struct span s, const char *words, size_t *at)
{
    const char *found = s.len > 0 ? memmem(s.data, s.len, words, strlen(words)) : NULL;

    *at = found ? (size_t)(found - s.data) : 0;
    return found != NULL;
}

static struct span value(struct span block, const char *open)
{
    size_t at;

    if (!find(block, open, &at))
        return (struct span){ "", 0 };
    at += strlen(open);
    block = (struct span){ block.data + at, block.len - at };
    return span_until(&block, '<');
}

bool sge_row_next(struct span *rest, struct sge_row *row)
{
    static const char open[] = "<job_list", close[] = "</job_list>";
    struct span       block;
    size_t            begin, len;

    if (!find(*rest, open, &begin))
        return false;
    block = (struct span){ rest->data + begin, rest->len - begin };
    if (!find(block, close, &len))
        return false;
    block.len = len;
    len += begin + strlen(close);
    *rest = (struct span){ rest->data + len, rest->len - len };
    row->number = value(block, "<JB_job_number>");
    row->name = value(block, "<JB_name>");
    row->state = value(block, "<state>");
    row->queue = value(block, "<queue_name>");
    row->tasks = value(block, "<tasks>");
    return true;
}

int sge_range_next(struct span *tasks, struct spec_range *range)
{
    int r = range_next(tasks, range);

    if (r <= 0)
        return r;
    if (range->first < SGE_TASK(0))
        return -EINVAL;
    range->first -= SGE_TASK(0);
    range->last -= SGE_TASK(0);
    return 1;
}

bool sge_row_has(const struct sge_row *row, uint32_t index)
{
    return ranges_have(row->tasks, SGE_TASK(index));
}

struct letter {
    char           letter;
    enum report_is is;
    enum job_cause cause;
    const char    *note;
};

/* The first that is in the state counts: "hqw" is held, "dr" and "Rr" still run. */
// clang-format off
static const struct letter letters[] = {
    { 'E', REPORT_ENDED,     CAUSE_START, "Grid Engine could not start it" },
    { 'z', REPORT_ENDED,     CAUSE_NONE,  "" },
    { 's', REPORT_SUSPENDED, CAUSE_NONE,  "" },
    { 'S', REPORT_SUSPENDED, CAUSE_NONE,  "Grid Engine suspended its queue" },
    { 'T', REPORT_SUSPENDED, CAUSE_NONE,  "its node has too much load, so Grid Engine stopped it" },
    { 'r', REPORT_RUNNING,   CAUSE_NONE,  "" },
    { 't', REPORT_QUEUED,    CAUSE_NONE,  "it is being brought to its node" },
    { 'h', REPORT_HELD,      CAUSE_NONE,  "it is held: write release to ctl" },
    { 'w', REPORT_QUEUED,    CAUSE_NONE,  "" },
    { 'q', REPORT_QUEUED,    CAUSE_NONE,  "" },
};
// clang-format on

void sge_report(const struct sge_row *row, struct report *r)
{
    *r = (struct report){ .is = REPORT_UNKNOWN };
    span_copy(r->native, sizeof r->native, row->number);
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
        const struct letter *l = &letters[i];

        if (row->state.len == 0 || !memchr(row->state.data, l->letter, row->state.len))
            continue;
        r->is = l->is;
        r->cause = l->cause;
        snprintf(r->note, sizeof r->note, "%s", l->note);
        break;
    }
    if (r->is == REPORT_UNKNOWN) {
        snprintf(r->note, sizeof r->note, "Grid Engine calls its state ");
        span_copy(r->note + strlen(r->note), sizeof r->note - strlen(r->note), row->state);
    }
    if (r->is == REPORT_RUNNING || r->is == REPORT_SUSPENDED) {
        const char *at = row->queue.len > 0 ? memchr(row->queue.data, '@', row->queue.len) : NULL;
        size_t      gone = at ? (size_t)(at - row->queue.data) + 1 : 0;

        span_copy(r->node, sizeof r->node,
                  (struct span){ row->queue.data + gone, row->queue.len - gone });
    }
}

void sge_id(char out[VERB_ID_MAX], const struct job_ref *ref)
{
    if (!span_is_number(span_str(ref->native)))
        out[0] = '\0';
    else if (JOB_ELEMENT(ref->id) > 0)
        snprintf(out, VERB_ID_MAX, "%s.%u", ref->native, SGE_TASK(JOB_INDEX(ref->id)));
    else
        snprintf(out, VERB_ID_MAX, "%s", ref->native);
}
