/*
 * slurm-reasons.c - why a job waits, in words for a person
 *
 * Slurm says it in one word, of which it has two hundred. Those that say what to do, or that it
 * will be for ever, have a sentence of their own; the many limits of accounts and QOS are told by
 * how their names begin. Slurm's own word always stands in the sentence.
 */
#include "slurm.h"

#include <stdio.h>
#include <string.h>

struct reason {
    const char    *word;  /* all of the word, or how it begins */
    bool           begins;
    enum report_is is;
    const char    *text;
};

#define NEVER "it will never start: cancel it, and submit it with other "

// clang-format off
static const struct reason reasons[] = {
    { "Resources",      false, REPORT_QUEUED, "it waits for resources" },
    { "Priority",       false, REPORT_QUEUED, "it waits for its turn: others come first" },
    { "BeginTime",      false, REPORT_QUEUED, "it waits for the time at which it may begin" },
    { "Dependency",     false, REPORT_QUEUED, "it waits for another job" },
    { "DependencyNeverSatisfied", false, REPORT_QUEUED,
      "what it waits for can never be, so it will never start: cancel it" },
    { "JobArrayTaskLimit", false, REPORT_QUEUED,
      "as many elements of its array run as may run at a time" },
    { "JobHeldUser",    false, REPORT_HELD, "it is held: write release to ctl" },
    { "JobHeldAdmin",   false, REPORT_HELD, "an administrator of the cluster holds it" },
    { "launch_failed_requeued_held", false, REPORT_HELD,
      "Slurm could not start it and holds it: write release to ctl to try again" },
    { "launch failed requeued held", false, REPORT_HELD,
      "Slurm could not start it and holds it: write release to ctl to try again" },
    { "job_requeued_in_held_state", false, REPORT_HELD,
      "it was put back into the queue and is held: write release to ctl" },
    { "job requeued in held state", false, REPORT_HELD,
      "it was put back into the queue and is held: write release to ctl" },
    { "JobHoldMaxRequeue", false, REPORT_HELD,
      "it was started too often and is held: write release to ctl to try again" },
    { "ReservationDeleted", false, REPORT_HELD,
      "the reservation it was for is gone: cancel it, or write release to ctl" },
    { "PartitionTimeLimit", false, REPORT_QUEUED,
      "it asks for more time than its partition gives; " NEVER "time or partition" },
    { "PartitionNodeLimit", false, REPORT_QUEUED,
      "it asks for more nodes than its partition gives; " NEVER "nodes or partition" },
    { "PartitionConfig", false, REPORT_QUEUED,
      "it asks for more than its partition has; " NEVER "nodes, cores or partition" },
    { "PartitionDown",     false, REPORT_QUEUED, "its partition is down" },
    { "PartitionInactive", false, REPORT_QUEUED, "its partition starts no jobs now" },
    { "BadConstraints",    false, REPORT_QUEUED,
      "no node is as its constraint wants; " NEVER "constraint" },
    { "AccountNotAllowed", false, REPORT_QUEUED,
      "its account may not use its partition; " NEVER "account or partition" },
    { "QOSNotAllowed",     false, REPORT_QUEUED,
      "its QOS is not allowed there; " NEVER "qos or partition" },
    { "InvalidAccount",    false, REPORT_QUEUED,
      "its account is not valid; " NEVER "account" },
    { "InvalidQOS",        false, REPORT_QUEUED, "its QOS is not valid; " NEVER "qos" },
    { "QOSMaxWallDurationPerJobLimit", false, REPORT_QUEUED,
      "it asks for more time than its QOS gives; " NEVER "time or qos" },
    { "AssocMaxWallDurationPerJobLimit", false, REPORT_QUEUED,
      "it asks for more time than its account gives; " NEVER "time or account" },
    { "ReqNodeNotAvail",   true,  REPORT_QUEUED,
      "a node that it needs is down, drained or reserved" },
    { "Nodes required for job are DOWN", true, REPORT_QUEUED,
      "its nodes are down, drained or reserved" },
    { "Licenses",          false, REPORT_QUEUED, "it waits for licenses" },
    { "Reservation",       false, REPORT_QUEUED, "it waits for its reservation" },
    { "Prolog",            false, REPORT_QUEUED, "its nodes are being made ready" },
    { "Cleaning",          false, REPORT_QUEUED, "its last run is being cleaned up" },
    { "NodeDown",          false, REPORT_QUEUED, "a node that it needs is down" },
    { "FrontEndDown",      false, REPORT_QUEUED, "the front end is down" },
    { "BurstBuffer",       true,  REPORT_QUEUED, "it waits for the burst buffer" },
    { "QOSMax",            true,  REPORT_QUEUED, "it waits: a limit of its QOS is reached" },
    { "QOSGrp",            true,  REPORT_QUEUED, "it waits: a limit of its QOS is reached" },
    { "AssocMax",          true,  REPORT_QUEUED, "it waits: a limit of its account is reached" },
    { "AssocGrp",          true,  REPORT_QUEUED, "it waits: a limit of its account is reached" },
};
// clang-format on

static bool matches(const struct reason *k, struct span word)
{
    return k->begins ? span_begins(word, k->word) : span_is(word, k->word);
}

static void write_note(struct report *r, const char *text, struct span word)
{
    size_t len;

    snprintf(r->note, sizeof r->note, "%s (", text);
    len = strlen(r->note);
    span_copy(r->note + len, sizeof r->note - len - 1, word);
    strcat(r->note, ")");
}

void slurm_reason(struct span reason, struct report *r)
{
    if (reason.len == 0 || span_is(reason, "None") || span_is(reason, "(null)"))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (matches(&reasons[i], reason)) {
            r->is = reasons[i].is;
            write_note(r, reasons[i].text, reason);
            return;
        }
    write_note(r, "it waits", reason);
}
