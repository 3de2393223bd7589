/*
 * batch-queue.c - submitting to a scheduler that keeps a queue, and finding out whether it did
 *
 * What the keeper at the far side remembers of a submission is asked first: never tried is a
 * certain no, an answer is the scheduler's own word. Only where that leaves it open is the queue
 * searched for the job's token; a token that is nowhere is `missing`, which proves nothing until it
 * was so twice with time in between, since what was sent may still be on its way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "survey.h"

/* The scheduler may be slow; beyond that we hear of it by asking again. */
#define SUBMIT_TIMEOUT_MS 30000

static void copy_note(struct report *r, struct span text)
{
    snprintf(r->note, sizeof(r->note), "%.*s", (int)text.len, text.len ? text.data : "");
}

static void judge(const struct sent *s, const struct cluster *c, struct answer *a)
{
    struct report *r = &a->report;

    *r = (struct report){ .is = REPORT_UNKNOWN };
    switch (s->is) {
    case SENT_ANSWER:
        c->scheduler->hear_submit(s->status, s->out, s->err, r);
        break;
    case SENT_NEVER:
        r->is = REPORT_ABSENT;
        copy_note(r, SPAN_LIT("it had not been submitted"));
        break;
    case SENT_FAILED:
        r->is = REPORT_ABSENT;
        copy_note(r, s->err);
        break;
    case SENT_TRYING:
        copy_note(r, SPAN_LIT("the scheduler has not answered yet"));
        break;
    case SENT_LOST:
        copy_note(r, SPAN_LIT("its submission was cut off before it was answered"));
        a->missing = true;
        break;
    case SENT_NOTHING:
        copy_note(r, SPAN_LIT("the cluster's answer was cut short"));
        break;
    }
    /* An answer that leaves it open is searched for like one that was lost. */
    if (s->is == SENT_ANSWER && r->is == REPORT_UNKNOWN)
        a->missing = true;
    /* Started: whatever the scheduler said, its records tell the rest. */
    if (s->claimed && r->is != REPORT_QUEUED) {
        r->is = REPORT_UNKNOWN;
        a->missing = false;
    }
}

static bool is_open(const struct answer *a)
{
    return a->is == ANSWER_SAID;
}

static void ask_sent(struct batch *b, struct transport *t, const struct cluster *c, bool submit)
{
    _cleanup_(commandp) struct command cmd = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct job_ref refs[BATCH_MAX];
    struct sent    sent[BATCH_MAX];
    struct ask     ask = { .cluster = c, .refs = refs, .n = b->n };
    struct error   e = ERROR_INIT;
    int            r;

    batch_refs(b, refs);
    r = sent_say(&ask, submit, &cmd);
    cmd.timeout_ms = SUBMIT_TIMEOUT_MS;
    if (!r)
        r = c->transport->run(t, &cmd, &o, &e);
    batch_verdict(b, r, &e);
    if (r)
        return;
    sent_hear(&ask, buf_span(&o.out), sent);
    for (size_t i = 0; i < b->n; i++)
        judge(&sent[i], c, b->answers[i]);
}

/* What is known to have come to nothing is forgotten there, so that it is tried anew. */
static int forget_tries(const struct batch *b, struct transport *t, const struct cluster *c,
                        struct error *e)
{
    _cleanup_(commandp) struct command cmd = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    size_t n = 0;
    int    r = strv_add(&cmd.argv, c->keeper);

    if (!r)
        r = strv_add(&cmd.argv, "forget");
    if (!r)
        r = strv_add(&cmd.argv, c->root);
    for (size_t i = 0; !r && i < b->n; i++) {
        char run[RUN_NAME_MAX];

        if (!b->orders[i]->again)
            continue;
        n++;
        run_name(run, JOB_ELEMENT(b->orders[i]->id), b->orders[i]->attempt);
        r = strv_printf(&cmd.argv, "%s/%s", b->orders[i]->token, run);
    }
    return r || !n ? r : c->transport->run(t, &cmd, &o, e);
}

void batch_submit(struct batch *b, struct transport *t, const struct cluster *c)
{
    struct order  *orders[BATCH_MAX];
    struct answer *answers[BATCH_MAX];
    struct batch   some = batch_those(b, is_open, orders, answers);
    struct error   e = ERROR_INIT;

    if (!some.n)
        return;
    if (forget_tries(&some, t, c, &e))
        batch_verdict(&some, TRANSPORT_E_NOT_RUN, &e);
    else
        ask_sent(&some, t, c, true);
}

static void search_queue(struct batch *b, struct transport *t, const struct cluster *c)
{
    struct survey_news *s = survey_take(t, c);

    for (size_t i = 0; i < b->n; i++) {
        struct answer         *a = b->answers[i];
        const struct sighting *seen = NULL;

        if (s && a->missing)
            seen = survey_find(s, a->token, a->element, a->attempt);
        if (seen) {
            a->report = seen->report;
            a->missing = false;
        }
        if (a->missing && (!s || !s->whole)) {
            copy_note(&a->report, s ? span_str(s->e.text) : SPAN_LIT("out of memory"));
            a->missing = false;
        }
    }
    survey_free(s);
}

void batch_find(struct batch *b, struct transport *t, const struct cluster *c)
{
    ask_sent(b, t, c, false);
    for (size_t i = 0; i < b->n; i++)
        if (b->answers[i]->missing) {
            search_queue(b, t, c);
            return;
        }
}

/* A plain exit 0 needs no explanation. */
static bool explains_itself(const struct answer *a)
{
    return a->has_record && a->record.cause == CAUSE_EXIT && a->record.exit_code == 0;
}

void batch_account(struct batch *b, struct transport *t, const struct cluster *c)
{
    struct job_ref refs[BATCH_MAX];
    struct report  reports[BATCH_MAX];
    size_t         at[BATCH_MAX];
    struct ask     ask = { .cluster = c, .refs = refs };
    struct error   e = ERROR_INIT;

    for (size_t i = 0; i < b->n; i++)
        if (b->orders[i]->account && *b->orders[i]->native && !explains_itself(b->answers[i])) {
            at[ask.n] = i;
            refs[ask.n++] = batch_ref(b->orders[i]);
        }
    if (!ask.n || scheduler_ask(t, &ask, VERB_ACCOUNT, reports, &e))
        return;
    for (size_t k = 0; k < ask.n; k++) {
        b->answers[at[k]]->report = reports[k];
        b->answers[at[k]]->accounted = true;
    }
}
