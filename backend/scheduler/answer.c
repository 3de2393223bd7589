/*
 * answer.c - what a scheduler answered instead of a number
 *
 * Only words that are known count. What is not known leaves open whether the job is in the queue,
 * which the next look at the queue tells.
 */
#include "answer.h"

#include <string.h>

#include "lines.h"

static void skip(struct span *s, const char *prefix)
{
    size_t len = strlen(prefix);

    if (span_begins(*s, prefix))
        *s = (struct span){ s->data + len, s->len - len };
}

/* Its own words, without who says them, in one line. */
static void quote_words(struct span text, const char *const *openings, struct report *r)
{
    struct span line;

    while (span_next_line(&text, &line)) {
        size_t len = strlen(r->note);

        for (size_t i = 0; openings[i]; i++)
            skip(&line, openings[i]);
        if (line.len == 0 || len + 3 > sizeof r->note)
            continue;
        if (len > 0)
            strcpy(r->note + len, "; ");
        len = strlen(r->note);
        span_copy(r->note + len, sizeof r->note - len, line);
    }
}

static bool has_kind(struct span err, const struct phrase *phrases, enum kind kind)
{
    for (; phrases->words; phrases++)
        if (phrases->kind == kind && span_has(err, phrases->words))
            return true;
    return false;
}

void answer_judge(int status, struct span out, struct span err, const struct phrase *phrases,
                  const char *const *openings, struct report *report)
{
    report->is = REPORT_UNKNOWN;
    quote_words(err, openings, report);
    if (!report->note[0])
        quote_words(out, openings, report);
    if (status == 0 || has_kind(err, phrases, KIND_BROKEN))
        return;
    if (has_kind(err, phrases, KIND_LATER))
        report->is = REPORT_ABSENT;
    else if (has_kind(err, phrases, KIND_REFUSED))
        report->is = REPORT_REFUSED;
    if (report->is == REPORT_UNKNOWN && has_kind(err, phrases, KIND_DEPENDENCY)) {
        report->is = REPORT_REFUSED;
        report->cause = CAUSE_DEPENDENCY;
    }
}
