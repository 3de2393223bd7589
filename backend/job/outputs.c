/*
 * outputs.c - what a job leaves is where it is wanted before the job has ended
 *
 * The command is over and how it ended is known; while its place's fetcher brings what the spec's
 * `outputs` name, the job is collecting. One that is to be called lost stays what it was meanwhile,
 * and is looked for once more then. Its end stays what it was, however that goes. A daemon
 * that finds a job in this state reads its record again, and so comes here again; only the whole of
 * an array, which has no record, is begun anew by itself.
 */
#include "clustrixfs/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"

#include "live.h"

struct outputs_letter {
    struct message      message;
    struct outputs_news news;
};

/* `how` it ended goes first in its reason. */
static void add_reason(struct job *j, const char *more)
{
    if (j->said && *j->said)
        job_reason(j, "%s; %s", j->said, more);
    else
        job_reason(j, "%s", more);
}

static void tell_progress(struct engine *en, struct job *j, const struct outputs_news *n)
{
    char text[80];

    snprintf(text, sizeof(text), "bringing its outputs: %u of %u files", n->files_done, n->files);
    add_reason(j, text);
    job_changed(en, j, CHANGE_JOB_STATE);
}

/* It was to be called lost, and is if it still is not there. */
static void look_once_more(struct engine *en, struct job *j, const char *said)
{
    j->brought = true;
    free(j->said);
    j->said = said ? strdup(said) : NULL;
    duty_do(en, j);
}

/* It ends now. */
static void conclude(struct engine *en, struct job *j, bool whole, const char *said)
{
    j->bringing = false;
    if (!j->n_elements && j->v.state != JOB_COLLECTING) {
        look_once_more(en, j, whole ? NULL : said);
        return;
    }
    if (whole)
        job_reason(j, "%s", j->said ? j->said : "");
    else
        add_reason(j, said);
    free(STEAL(j->said));
    if (j->n_elements)
        array_conclude(en, j, said);
    else
        end_conclude(en, j, "daemon", said);
}

static void act_outputs(struct engine *en, struct message *m)
{
    struct outputs_letter     *l = container_of(m, struct outputs_letter, message);
    const struct outputs_news *n = &l->news;
    struct job                *j = engine_job(en, n->id);

    if (j && j->bringing && !en->stopping) {
        if (!n->over)
            tell_progress(en, j, n);
        else
            conclude(en, j, n->whole, n->said.text);
    }
    free(l);
}

/* In a thread of the fetcher's. */
static void tell(void *arg, const struct outputs_news *n)
{
    struct engine         *en = arg;
    struct outputs_letter *l = calloc(1, sizeof(*l));

    if (!l) {
        log_line(LOG_ERROR, "job=%llu: out of memory: what became of its outputs is told after the "
                 "next start", (unsigned long long)JOB_NUMBER(n->id));
        return;
    }
    l->message.act = act_outputs;
    l->news = *n;
    mailbox_post(en->box, &l->message.letter);
}

static int send(struct engine *en, struct job *j, struct error *e)
{
    struct place      *p = job_place(en, j);
    struct results    *results = en->results ? en->results[p->cluster->index] : NULL;
    struct outputs_job job = { .id = j->v.id, .token = j->v.token, .spec = j->spec };
    int                r = 0;

    if (!p->cluster->transport->here && !results)
        return error_set(e, -EREMOTE, "nothing of cluster %s is kept here", p->cluster->name);
    if (!p->fetcher)
        r = fetcher_start(&p->fetcher, p->cluster, results, tell, en, e);
    return r < 0 ? r : fetcher_send(p->fetcher, &job);
}

bool outputs_begin(struct engine *en, struct job *j)
{
    struct error e = ERROR_INIT;
    int          r;

    if (j->bringing)
        return true;
    if (j->whole || en->stopping || !outputs_to_bring(j->spec, j->cluster->transport->here))
        return false;
    r = send(en, j, &e);
    if (r < 0) {
        log_line(LOG_ERROR, "job=%llu: its outputs are not brought: %s",
                 (unsigned long long)JOB_NUMBER(j->v.id), e.text[0] ? e.text : strerror(-r));
        return false;
    }
    j->bringing = true;
    free(j->said);
    j->said = j->v.reason ? strdup(j->v.reason) : NULL;
    add_reason(j, "bringing its outputs");
    return true;
}

void outputs_drop(struct engine *en, struct job *j)
{
    if (!j->bringing)
        return;
    j->bringing = false;
    free(STEAL(j->said));
    fetcher_drop(job_place(en, j)->fetcher, j->v.id);
}

void outputs_stop(struct engine *en, struct job *j)
{
    if (!j->bringing)
        return;
    fetcher_drop(job_place(en, j)->fetcher, j->v.id);
    conclude(en, j, false, "cancelled before all its outputs were brought");
}
