/*
 * sge-answer.c - what qsub answered
 */
#include "sge.h"

#include <string.h>

#include "answer.h"

// clang-format off
static const struct phrase phrases[] = {
    /* The request may have arrived. */
    { "failed receiving gdi request",          KIND_BROKEN },
    { "got read error",                        KIND_BROKEN },
    { "got synchron message receive timeout",  KIND_BROKEN },
    { "Error reading answer list",             KIND_BROKEN },

    { "unable to send message to qmaster",     KIND_LATER },
    { "unable to contact qmaster",             KIND_LATER },
    { "Unable to initialize environment",      KIND_LATER },
    { "got select error",                      KIND_LATER },
    { "qmaster is not",                        KIND_LATER },
    { "jobs are allowed per user",             KIND_LATER },
    { "allowed in the cluster",                KIND_LATER },
    { "qsub: not found",                       KIND_LATER },
    { "qsub: command not found",               KIND_LATER },
    { "qsub: No such file or directory",       KIND_LATER },
    { "Please set the environment variable SGE_ROOT", KIND_LATER },

    { "job rejected",                          KIND_REFUSED },
    { "Job was rejected",                      KIND_REFUSED },
    { "unknown resource",                      KIND_REFUSED },
    { "no suitable queues",                    KIND_REFUSED },
    { "invalid option argument",               KIND_REFUSED },
    { "option must have",                      KIND_REFUSED },
    { "option argument",                       KIND_REFUSED },
    { "-t option",                             KIND_REFUSED },
    { "-tc option",                            KIND_REFUSED },
    { "must not be specified",                 KIND_REFUSED },
    { "Unable to read script file",            KIND_REFUSED },
    { "is no positive integer",                KIND_REFUSED },
    { "Wrong date/time format",                KIND_REFUSED },
    { "invalid priority",                      KIND_REFUSED },
    { "is not a ",                              KIND_REFUSED },
    { "may not submit",                        KIND_REFUSED },
    { "denied:",                               KIND_REFUSED },
    { NULL },
};
// clang-format on

static const char *const openings[] = { "qsub: ", "Unable to run job: ", "error: ", NULL };

/* "12" or "12.1-9:2", and nothing else in the line; the last that is so. */
static bool find_native(struct span text, struct report *r)
{
    struct span line, number, word, more;
    bool        found = false;

    while (span_next_line(&text, &line)) {
        uint64_t n;

        if (!span_next_word(&line, &word) || span_next_word(&line, &more))
            continue;
        number = span_until(&word, '.');
        if (!span_is_number(number) || span_to_u64(number, &n) < 0 || n == 0 || n > UINT32_MAX)
            continue;
        span_copy(r->native, sizeof r->native, number);
        found = true;
    }
    return found;
}

void sge_hear_submit(int status, struct span out, struct span err, struct report *report)
{
    *report = (struct report){ .is = REPORT_UNKNOWN };
    if (status == 0 && find_native(out, report))
        report->is = REPORT_QUEUED;
    else
        answer_judge(status, out, err, phrases, openings, report);
    /* The last line of every refusal, which says nothing. */
    char *end = strstr(report->note, "; Exiting.");
    if (end)
        *end = '\0';
}
