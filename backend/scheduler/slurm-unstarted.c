/*
 * slurm-unstarted.c - whether a job that is over was never started by its node
 *
 * A job that its node cannot start (a prolog that fails, a number that the node has seen) Slurm
 * puts back and holds; one that must not be put back, as ours, it cancels, and calls that a cancel
 * by root. So does a real cancel by root look, of a job that had a node and had not begun. What
 * tells them apart is the node: Slurm takes one that could not start a job out of service, and
 * writes into the job's log that a prolog failed. Only where the controller runs a program of its
 * own before each job, whose failure it blames on no node, they cannot be told apart. What a node
 * refuses as a job that it has seen end fails with exit code 1.
 *
 * In no case has anything begun: whatever begins opens the job's log first of all.
 */
#include "slurm-account.h"

#include <stdio.h>
#include <string.h>

#include "clustrixfs/clock.h"

/* The controller hears of the node a moment before or after it hears of the job. */
#define BEFORE_NS (2 * NS_PER_S)
#define AFTER_NS (30 * NS_PER_S)

static int64_t to_ns(struct span s)
{
    uint64_t n;

    return span_to_u64(s, &n) == 0 && n < INT64_MAX / NS_PER_S ? (int64_t)n * NS_PER_S : 0;
}

static bool is_of_its_start(int64_t at, const struct report *r)
{
    return at >= r->started_ns - BEFORE_NS && at <= r->ended_ns + AFTER_NS;
}

/* "N|NODES|SINCE|NODE|REASON": whether it went out of service as this job was to start there. */
static bool gave_up(struct span line, const struct report *r, struct span *node, struct span *why)
{
    char    nodes[sizeof r->node];
    int64_t since;

    if (!span_begins(line, "N|"))
        return false;
    (void)span_until(&line, '|');
    span_copy(nodes, sizeof nodes, span_until(&line, '|'));
    since = to_ns(span_until(&line, '|'));
    *node = span_until(&line, '|');
    *why = line;
    return !strcmp(nodes, r->node) && is_of_its_start(since, r);
}

static void say(struct report *r, struct span node, struct span why, const char *more)
{
    char name[32], words[56];

    span_copy(name, sizeof name, node);
    span_copy(words, sizeof words, why);
    snprintf(r->unstarted, sizeof r->unstarted, "Slurm could not start it on %s (%s; %s)", name,
             words, more);
}

static void blame_node(const struct hearing *all, const struct heard *h, struct report *r)
{
    struct span rest = all->text, line, node, why;

    while (span_next_line(&rest, &line))
        if (gave_up(line, r, &node, &why)) {
            say(r, node, why, "scontrol show node tells more");
            return;
        }
    if (is_of_its_start(h->prolog_ns, r))
        say(r, span_str(r->node), SPAN_LIT("Prolog failure"), "the log of slurmd tells more");
}

void slurm_unstarted(const struct hearing *all, const struct heard *h, struct report *r)
{
    bool by_slurm = h->by.len == 0 || span_is(h->by, "0");

    if (r->is != REPORT_ENDED || !h->unlogged || !*r->node || !r->started_ns)
        return;
    if (r->cause == CAUSE_EXIT && r->exit_code == 1)
        say(r, span_str(r->node), SPAN_LIT("which refused it"), "the log of slurmd tells why");
    if (r->cause == CAUSE_NODE || (r->cause == CAUSE_CANCEL && by_slurm))
        blame_node(all, h, r);
    if (r->cause == CAUSE_CANCEL && by_slurm && !*r->unstarted && all->prolog)
        say(r, span_str(r->node), SPAN_LIT("as when PrologSlurmctld fails"),
            "the log of slurmctld tells more");
}
