/*
 * slurm-answer.c - what sbatch answered
 *
 * Three kinds of failure, and they must never be taken for each other: a refusal that another try
 * would only repeat, a certain no that may be a yes later, and everything else, after which the job
 * may be in the queue. Only words that are known to be one of the first two count as such, and
 * words that say the exchange broke off outweigh both.
 */
#include "slurm.h"

#include <string.h>

#include "answer.h"

// clang-format off
static const struct phrase phrases[] = {
    /* The request was sent; whether it arrived is anybody's guess. */
    { "Socket timed out on send/recv",                    KIND_BROKEN },
    { "slurm controller (send failure)",                  KIND_BROKEN },
    { "slurm controller (receive failure)",               KIND_BROKEN },
    { "slurm controller (shutdown failure)",              KIND_BROKEN },
    { "Zero Bytes were transmitted or received",          KIND_BROKEN },
    { "Unexpected message received",                      KIND_BROKEN },

    /* Nothing was sent, or it was turned away for now. */
    { "slurm controller (connect failure)",               KIND_LATER },
    { "temporarily unable to accept job",                 KIND_LATER },
    { "Resource temporarily unavailable",                 KIND_LATER },
    { "Unable to create job record, try again",           KIND_LATER },
    { "I/O error writing script/environment to file",     KIND_LATER },
    { "System submissions disabled",                      KIND_LATER },
    { "Slurm backup controller in standby mode",          KIND_LATER },
    { "Controller is in standby mode",                    KIND_LATER },
    { "Could not establish a configuration source",       KIND_LATER },
    { "Failed to connect to authentication agent",        KIND_LATER },
    { "sbatch: not found",                                KIND_LATER },
    { "sbatch: command not found",                        KIND_LATER },
    { "sbatch: No such file or directory",                KIND_LATER },
    { "Requested reservation is in use",                  KIND_LATER },
    { "Requested reservation not usable now",             KIND_LATER },

    /* As many as one may have: it is for its owner to say which of them matter. */
    { "MaxSubmitJob",                                     KIND_REFUSED },
    { "GrpSubmitJob",                                     KIND_REFUSED },
    { "Invalid partition name specified",                 KIND_REFUSED },
    { "No partition specified or system default",         KIND_REFUSED },
    { "group not permitted to use this partition",        KIND_REFUSED },
    { "Requested nodes not in this partition",            KIND_REFUSED },
    { "More processors requested than permitted",         KIND_REFUSED },
    { "Node count specification invalid",                 KIND_REFUSED },
    { "CPU count specification invalid",                  KIND_REFUSED },
    { "Task count specification invalid",                 KIND_REFUSED },
    { "Task distribution specification invalid",          KIND_REFUSED },
    { "Job size specification needs to be provided",      KIND_REFUSED },
    { "or other parameter too long",                      KIND_REFUSED },
    { "Requested node configuration is not available",    KIND_REFUSED },
    { "Requested partition configuration not available",  KIND_REFUSED },
    { "Required node not available",                      KIND_REFUSED },
    { "Required partition not available",                 KIND_REFUSED },
    { "Requested operation not supported on this system", KIND_REFUSED },
    { "Requested more tasks than available processors",   KIND_REFUSED },
    { "Memory required by task is not available",         KIND_REFUSED },
    { "Invalid account",                                  KIND_REFUSED },
    { "Invalid qos",                                      KIND_REFUSED },
    { "Invalid feature specification",                    KIND_REFUSED },
    { "Invalid preferred feature specification",          KIND_REFUSED },
    { "Invalid generic resource (gres)",                  KIND_REFUSED },
    { "Invalid GRES specification",                       KIND_REFUSED },
    { "Duplicate generic resource (gres)",                KIND_REFUSED },
    { "Invalid Trackable RESource",                       KIND_REFUSED },
    { "Insufficient GRES available",                      KIND_REFUSED },
    { "Invalid license specification",                    KIND_REFUSED },
    { "Invalid job array specification",                  KIND_REFUSED },
    { "Invalid wckey specification",                      KIND_REFUSED },
    { "Invalid node name specified",                      KIND_REFUSED },
    { "Invalid time-min specification",                   KIND_REFUSED },
    { "Invalid cluster name",                             KIND_REFUSED },
    { SLURM_NOT_ALIVE,                                    KIND_DEPENDENCY },
    { "Invalid dependency",                               KIND_DEPENDENCY },
    { "Job dependency problem",                           KIND_DEPENDENCY },
    { "Requested time limit is invalid",                  KIND_REFUSED },
    { "Time limit specification required",                KIND_REFUSED },
    { "Job violates accounting/QOS policy",               KIND_REFUSED },
    { "Requested account has breached requested QOS",     KIND_REFUSED },
    { "Access denied to requested reservation",           KIND_REFUSED },
    { "Requested reservation is invalid",                 KIND_REFUSED },
    { "Access/permission denied",                         KIND_REFUSED },
    { "User not permitted",                               KIND_REFUSED },
    { "Burst Buffer permission denied",                   KIND_REFUSED },
    { "Burst Buffer resource limit exceeded",             KIND_REFUSED },
    { "Job --batch option is invalid",                    KIND_REFUSED },
    { "Container support is not configured",              KIND_REFUSED },
    { "Invalid KNL configuration",                        KIND_REFUSED },
    { "This does not look like a batch script",           KIND_REFUSED },
    { "Batch script contains DOS line breaks",            KIND_REFUSED },
    { "sbatch: unrecognized option",                      KIND_REFUSED },
    { "sbatch: invalid option",                           KIND_REFUSED },
    { "sbatch: option requires an argument",              KIND_REFUSED },
    { "sbatch: ambiguous option",                         KIND_REFUSED },
    { "requires an argument",                             KIND_REFUSED },
    { "doesn't allow an argument",                        KIND_REFUSED },
    { "Invalid --",                                       KIND_REFUSED },
    { "is not a valid",                                   KIND_REFUSED },
    { "sbatch: error: Unable to open file",               KIND_REFUSED },
    { "Invalid time limit specification",                 KIND_REFUSED },
    { "Invalid directive",                                KIND_REFUSED },
    /* What a site's own rules (job_submit plugins) end in, after their own words. */
    { "Batch job submission failed: Unspecified error",   KIND_REFUSED },
    { NULL },
};
// clang-format on

static const char *const openings[] = {
    "sbatch: ", "error: ", "fatal: ", "Batch job submission failed: ", NULL,
};

/* "12" or "12;cluster", and nothing else in the line; or "Submitted batch job 12" in it. */
static bool find_number(struct span line, struct span *number)
{
    static const char said[] = "Submitted batch job ";
    const char       *at = line.len > 0 ? memmem(line.data, line.len, said, strlen(said)) : NULL;
    struct span       word = { "", 0 }, more;
    uint64_t          n;

    if (at) {
        size_t gone = (size_t)(at - line.data) + strlen(said);
        line = (struct span){ line.data + gone, line.len - gone };
    }
    if (!span_next_word(&line, &word) || (!at && span_next_word(&line, &more)))
        return false;
    *number = span_until(&word, ';');
    return span_to_u64(*number, &n) == 0 && n > 0 && n <= UINT32_MAX;
}

/* The last line that has one: what a site's wrapper says comes before and after. */
static bool find_native(struct span text, struct report *r)
{
    struct span line, number;
    bool        found = false;

    while (span_next_line(&text, &line)) {
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (!find_number(line, &number))
            continue;
        span_copy(r->native, sizeof r->native, number);
        found = true;
    }
    return found;
}

void slurm_hear_submit(int status, struct span out, struct span err, struct report *report)
{
    *report = (struct report){ .is = REPORT_UNKNOWN };
    if (status == 0 && find_native(out, report))
        report->is = REPORT_QUEUED;
    else
        answer_judge(status, out, err, phrases, openings, report);
}
