/*
 * batch-far.c - the records of jobs on another machine
 *
 * `collect` says all at once: the records, which are for the engine, and what there is of output
 * and files, which goes on to the results as it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/collect.h"
#include "clustrixfs/log.h"
#include "clustrixfs/results.h"

#include "batch.h"

static void run_of(const struct answer *a, char out[JOB_TOKEN_LEN + 1 + RUN_NAME_MAX])
{
    memcpy(out, a->token, JOB_TOKEN_LEN);
    out[JOB_TOKEN_LEN] = '/';
    run_name(out + JOB_TOKEN_LEN + 1, a->element, a->attempt);
}

static int say_collect(const struct batch *b, const struct cluster *c, struct command *cmd)
{
    char run[JOB_TOKEN_LEN + 1 + RUN_NAME_MAX];
    int  r = strv_add(&cmd->argv, c->keeper);

    if (!r)
        r = strv_add(&cmd->argv, "collect");
    if (!r)
        r = strv_add(&cmd->argv, c->root);
    for (size_t i = 0; !r && i < b->n; i++) {
        run_of(b->answers[i], run);
        r = strv_add(&cmd->argv, run);
    }
    return r;
}

/* Answers come in the order of the question, so the search goes on where the last one ended. */
static struct answer *answer_of(const struct batch *b, struct span name, size_t *at)
{
    char run[JOB_TOKEN_LEN + 1 + RUN_NAME_MAX];

    for (size_t k = 0; k < b->n; k++) {
        size_t i = (*at + k) % b->n;

        run_of(b->answers[i], run);
        if (span_is(name, run)) {
            *at = i;
            return b->answers[i];
        }
    }
    return NULL;
}

/* An exit record is stronger than the one of the start, whichever comes first. */
static void take_record(struct answer *a, const struct collect_item *item)
{
    struct record rec;

    if (record_parse(&rec, item->text) || (item->kind == 'X') != (rec.cause != CAUSE_NONE))
        return;
    if (a->has_record && a->record.cause != CAUSE_NONE)
        return;
    a->record = rec;
    a->has_record = true;
}

static void take_records(struct batch *b, struct span text)
{
    struct collect_item item;
    struct answer      *a = NULL;
    size_t              at = 0;

    while (!collect_next(&text, &item)) {
        if (item.kind == 'J')
            a = answer_of(b, item.text, &at);
        else if (item.kind == 'D')
            a = NULL;
        else if (a && (item.kind == 'X' || item.kind == 'T'))
            take_record(a, &item);
    }
}

void batch_collect(struct batch *b, struct transport *t, const struct cluster *c)
{
    _cleanup_(commandp) struct command cmd = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error e = ERROR_INIT;

    if (!b->n || say_collect(b, c, &cmd) || c->transport->run(t, &cmd, &o, &e))
        return;
    take_records(b, buf_span(&o.out));
    if (b->results && results_take(b->results, buf_span(&o.out), &e))
        log_line(LOG_WARN, "cluster=%s: what was heard of its jobs' files is not whole: %s",
                 c->name, e.text);
}
