/*
 * slurm-lines.c - the lines that squeue prints, cut into pieces
 *
 * Nothing here trusts a byte: a line is ours only when its name is a token, and a number that is
 * none makes the line one that could not be read.
 */
#include "slurm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool slurm_line_cut(struct span text, struct slurm_line *line)
{
    struct span *const fields[] = { &line->id,    &line->state, &line->node,
                                    &line->start, &line->name,  &line->reason };

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (!text.len || !memchr(text.data, '|', text.len))
            return false;
        *fields[i] = span_until(&text, '|');
    }
    line->comment = text;
    return true;
}

/* "[1,3,7-9%2]" without its brackets and without how many may run at a time. */
static int cut_brackets(struct span *s)
{
    struct span inner = *s;

    if (s->len == 0 || s->data[0] != '[')
        return span_is_number(*s) ? 0 : -EINVAL;
    if (s->len < 3 || s->data[s->len - 1] != ']')
        return -EINVAL;
    inner = (struct span){ s->data + 1, s->len - 2 };
    *s = span_until(&inner, '%');
    return 0;
}

int slurm_id_cut(struct span text, struct slurm_id *id)
{
    struct spec_range range;
    struct span       rest = text;
    int               r;

    id->elements = (struct span){ "", 0 };
    id->native = span_until(&rest, '_');
    if (id->native.len == text.len) {
        rest = text;
        id->native = span_until(&rest, '+');
        return span_is_number(id->native) ? 0 : -EINVAL;
    }
    id->elements = rest;
    r = span_is_number(id->native) ? cut_brackets(&id->elements) : -EINVAL;
    for (rest = id->elements; r == 0;) {
        int more = range_next(&rest, &range);

        if (more <= 0)
            return more;
    }
    return r;
}

bool slurm_id_has(const struct slurm_id *id, uint32_t index)
{
    return ranges_have(id->elements, index);
}

void slurm_id(char out[SLURM_ID_MAX], const struct job_ref *ref)
{
    if (!span_is_number(span_str(ref->native)))
        out[0] = '\0';
    else if (JOB_ELEMENT(ref->id) > 0)
        snprintf(out, SLURM_ID_MAX, "%s_%u", ref->native, JOB_INDEX(ref->id));
    else
        snprintf(out, SLURM_ID_MAX, "%s", ref->native);
}

void slurm_report(struct span state, struct span reason, struct report *r)
{
    const struct slurm_state *s = slurm_state_named(state);

    if (!s) {
        r->is = REPORT_UNKNOWN;
        snprintf(r->note, sizeof r->note, "Slurm calls its state ");
        span_copy(r->note + strlen(r->note), sizeof r->note - strlen(r->note), state);
        return;
    }
    r->is = s->is;
    r->cause = s->cause;
    snprintf(r->note, sizeof r->note, "%s", s->note);
    if (s->is == REPORT_QUEUED)
        slurm_reason(reason, r);
    if (s->cause == CAUSE_CANCEL && span_is(reason, "DependencyNeverSatisfied")) {
        r->cause = CAUSE_DEPENDENCY;
        snprintf(r->note, sizeof r->note, "what it waited for can never be");
    }
}
