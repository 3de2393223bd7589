/*
 * pbs-answer.c - what qsub answered
 */
#include "pbs.h"

#include <string.h>

#include "answer.h"
#include "slurm.h"

// clang-format off
static const struct phrase phrases[] = {
    /* The request may have arrived. */
    { "Premature end of message",              KIND_BROKEN },
    { "End of File",                           KIND_BROKEN },
    { "Protocol (ASN.1) error",                KIND_BROKEN },
    { "Batch protocol error",                  KIND_BROKEN },
    { "Timeout",                               KIND_BROKEN },
    { "timed out",                             KIND_BROKEN },
    { "System error occurred",                 KIND_BROKEN },

    { "cannot connect to server",              KIND_LATER },
    { "Connection refused",                    KIND_LATER },
    { "Communication failure",                 KIND_LATER },
    { "No default server name",                KIND_LATER },
    { "Server shutting down",                  KIND_LATER },
    { "Server is shutting down",               KIND_LATER },
    { "Server busy",                           KIND_LATER },
    { "Invalid credential",                    KIND_LATER },
    { "Queue is not enabled",                  KIND_LATER },
    { "would exceed",                          KIND_LATER },
    { "Maximum number of jobs already in queue", KIND_LATER },
    { "Resource temporarily unavailable",      KIND_LATER },
    { "qsub: not found",                       KIND_LATER },
    { "qsub: command not found",               KIND_LATER },
    { "qsub: No such file or directory",       KIND_LATER },

    { SLURM_NOT_ALIVE,                         KIND_DEPENDENCY },

    { "Unknown queue",                         KIND_REFUSED },
    { "Unknown resource",                      KIND_REFUSED },
    { "Illegal attribute or resource value",   KIND_REFUSED },
    { "illegal -",                             KIND_REFUSED },
    { "Illegal -",                             KIND_REFUSED },
    { "invalid option",                        KIND_REFUSED },
    { "usage: qsub",                           KIND_REFUSED },
    { "Unknown option",                        KIND_REFUSED },
    { "Invalid time limit specified",          KIND_REFUSED },
    { "Undefined attribute",                   KIND_REFUSED },
    { "Job exceeds queue",                     KIND_REFUSED },
    { "Job violates queue",                    KIND_REFUSED },
    { "exceeds",                               KIND_REFUSED },
    { "Unauthorized Request",                  KIND_REFUSED },
    { "Unauthorized User",                     KIND_REFUSED },
    { "No Permission",                         KIND_REFUSED },
    { "Access to queue is denied",             KIND_REFUSED },
    { "Bad UID for job execution",             KIND_REFUSED },
    { "Bad GID for job execution",             KIND_REFUSED },
    { "Invalid account",                       KIND_REFUSED },
    { "Cannot be marked",                      KIND_REFUSED },
    { "script file",                           KIND_REFUSED },
    { "is not supported",                      KIND_REFUSED },
    { NULL },
};
// clang-format on

static const char *const openings[] = { "qsub: ", "submit error ", NULL };

/* "12.server", "12[].server", "12", and nothing else in the line; the last that is so. */
static bool find_native(struct span text, struct report *r)
{
    struct span line, word, more;
    bool        found = false;

    while (span_next_line(&text, &line)) {
        struct pbs_id id;

        if (!span_next_word(&line, &word) || span_next_word(&line, &more))
            continue;
        if (pbs_id_cut(word, &id) < 0 || id.element || id.native[0] == '0')
            continue;
        memcpy(r->native, id.native, sizeof r->native);
        found = true;
    }
    return found;
}

/* Slurm's qsub quotes its sbatch, behind the command that failed. */
static bool find_sbatch(struct span out, struct span *said)
{
    static const char before[] = "and the output was:\n'";
    const char *at = out.len > 0 ? memmem(out.data, out.len, before, strlen(before)) : NULL;
    size_t      gone = at ? (size_t)(at - out.data) + strlen(before) : 0;

    if (!at || !span_begins(out, "There was an error running the Slurm sbatch command"))
        return false;
    *said = (struct span){ out.data + gone, out.len - gone };
    return true;
}

/* Perl puts a blank before all lines but the first, and a quote ends them. */
static int copy_lines(struct span said, struct buf *out)
{
    struct span line;

    while (span_next_line(&said, &line)) {
        if (line.len > 0 && line.data[0] == ' ')
            line = (struct span){ line.data + 1, line.len - 1 };
        if (span_is(line, "'"))
            continue;
        buf_add_span(out, line);
        buf_add_char(out, '\n');
    }
    return buf_error(out);
}

void pbs_hear_submit(int status, struct span out, struct span err, struct report *report)
{
    _cleanup_(bufp) struct buf sbatch = BUF_INIT;
    struct span                said;

    *report = (struct report){ .is = REPORT_UNKNOWN };
    if (status == 0 && find_native(out, report))
        report->is = REPORT_QUEUED;
    else if (status != 0 && find_sbatch(out, &said) && copy_lines(said, &sbatch) == 0)
        slurm_hear_submit(status, (struct span){ "", 0 }, buf_span(&sbatch), report);
    else
        answer_judge(status, out, err, phrases, openings, report);
}
