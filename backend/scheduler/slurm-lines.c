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

bool span_begins(struct span s, const char *prefix)
{
    size_t len = strlen(prefix);

    return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

bool span_has(struct span s, const char *words)
{
    return s.len > 0 && memmem(s.data, s.len, words, strlen(words));
}

struct span span_until(struct span *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    struct span item = { rest->data, end ? (size_t)(end - rest->data) : rest->len };
    size_t      gone = end ? item.len + 1 : item.len;

    *rest = (struct span){ rest->data + gone, rest->len - gone };
    return item;
}

void slurm_copy(char *to, size_t size, struct span s)
{
    size_t len = s.len < size ? s.len : size - 1;

    for (size_t i = 0; i < len; i++)
        to[i] = (unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f ? ' ' : s.data[i];
    to[len] = '\0';
}

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

static bool is_number(struct span s)
{
    uint64_t n;

    return s.len < 20 && span_to_u64(s, &n) == 0;
}

/* "[1,3,7-9%2]" without its brackets and without how many may run at a time. */
static int cut_brackets(struct span *s)
{
    struct span inner = *s;

    if (s->len == 0 || s->data[0] != '[')
        return is_number(*s) ? 0 : -EINVAL;
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
        return is_number(id->native) ? 0 : -EINVAL;
    }
    id->elements = rest;
    r = is_number(id->native) ? cut_brackets(&id->elements) : -EINVAL;
    for (rest = id->elements; r == 0;) {
        int more = slurm_range_next(&rest, &range);

        if (more <= 0)
            return more;
    }
    return r;
}

static int to_index(struct span s, uint32_t *n)
{
    uint64_t value;

    if (span_to_u64(s, &value) < 0 || value > JOB_INDEX_MAX)
        return -EINVAL;
    *n = (uint32_t)value;
    return 0;
}

int slurm_range_next(struct span *elements, struct spec_range *range)
{
    struct span item, first;
    bool        pair;

    if (elements->len == 0)
        return 0;
    item = span_until(elements, ',');
    pair = item.len > 0 && memchr(item.data, '-', item.len);
    first = span_until(&item, '-');
    if (to_index(first, &range->first) < 0)
        return -EINVAL;
    range->last = range->first;
    range->step = 1;
    if (!pair)
        return 1;
    if (to_index(span_until(&item, ':'), &range->last) < 0 || range->last < range->first)
        return -EINVAL;
    return item.len > 0 && (to_index(item, &range->step) < 0 || !range->step) ? -EINVAL : 1;
}

bool slurm_id_has(const struct slurm_id *id, uint32_t index)
{
    struct span       rest = id->elements;
    struct spec_range r;

    while (slurm_range_next(&rest, &r) > 0)
        if (index >= r.first && index <= r.last && (index - r.first) % r.step == 0)
            return true;
    return false;
}

void slurm_id(char out[SLURM_ID_MAX], const struct job_ref *ref)
{
    if (!is_number(span_str(ref->native)))
        out[0] = '\0';
    else if (JOB_ELEMENT(ref->id) > 0)
        snprintf(out, SLURM_ID_MAX, "%s_%u", ref->native, JOB_INDEX(ref->id));
    else
        snprintf(out, SLURM_ID_MAX, "%s", ref->native);
}

bool slurm_whole(struct span text, struct span *lines)
{
    static const char end[] = SLURM_END "\n";
    size_t            len = strlen(end);

    if (text.len < len || memcmp(text.data + text.len - len, end, len) != 0)
        return false;
    if (text.len > len && text.data[text.len - len - 1] != '\n')
        return false;
    *lines = (struct span){ text.data, text.len - len };
    return true;
}

void slurm_report(struct span state, struct span reason, struct report *r)
{
    const struct slurm_state *s = slurm_state_named(state);

    if (!s) {
        r->is = REPORT_UNKNOWN;
        snprintf(r->note, sizeof r->note, "Slurm calls its state ");
        slurm_copy(r->note + strlen(r->note), sizeof r->note - strlen(r->note), state);
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
