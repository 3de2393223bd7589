/*
 * inputs.c - what a job has to have in its files/ before it may go
 *
 * Its place's stager brings it, on a connection of its own; until that says that all is there the
 * job waits here, like one that waits for another job. For a far cluster a staged directory goes
 * the same way. What was brought is marked in the job's directory, so asking again does no harm:
 * after a restart every job that waits is asked for once more.
 */
#include "clustrixfs/inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"

#include "live.h"

struct stage_letter {
    struct message    message;
    struct stage_news news;
};

static bool waits_here(const struct job *j)
{
    return j->v.state == JOB_ACCEPTED || (j->v.state == JOB_QUEUED && !job_in_queue(j));
}

/* "1.2 of 4.0 GB" */
static void add_amounts(struct buf *b, uint64_t done, uint64_t all)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double scale = 1;
    size_t u = 0;

    for (; (double)all / scale >= 1000 && u + 1 < ARRAY_SIZE(units); u++)
        scale *= 1000;
    buf_printf(b, "%.*f of %.*f %s", u ? 1 : 0, (double)done / scale, u ? 1 : 0,
               (double)all / scale, units[u]);
}

static void tell_progress(struct engine *en, struct job *whole, const struct stage_news *n)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    whole->v.staging = (struct job_staging){
        .files = n->files,
        .files_done = n->files_done,
        .bytes = n->bytes,
        .bytes_done = n->bytes_done,
    };
    if (!whole->n_elements && !waits_here(whole))
        return;
    buf_printf(&text, "staging %u of %u, ", n->files_done, n->files);
    add_amounts(&text, n->bytes_done, n->bytes);
    if (n->why.text[0])
        buf_printf(&text, "; it goes on soon: %s", n->why.text);
    job_reason(whole, "%s", text.data);
    job_changed(en, whole, CHANGE_JOB_STATE);
}

static void refuse(struct engine *en, struct job *j, const char *why)
{
    if (job_ended(j->v.state))
        return;
    j->v.cause = CAUSE_START;
    job_reason(j, "could not start: %s", why);
    job_move(en, j, EV_REFUSED, "daemon", why);
}

static void refuse_all(struct engine *en, struct job *whole, const char *why)
{
    if (!whole->n_elements)
        refuse(en, whole, why);
    for (uint32_t i = 0; i < whole->n_elements; i++)
        if (whole->elements[i])
            refuse(en, whole->elements[i], why);
}

/* They were brought early, and are not as they should be: perhaps they will. */
static void wait_first(struct engine *en, struct job *whole)
{
    whole->late = true;
    duty_go_on(en, whole);
}

static void hear_there(struct engine *en, struct job *whole)
{
    whole->staged = true;
    free(STEAL(whole->inputs));
    job_changed(en, whole, 0);
    duty_go_on(en, whole);
}

static void act_stage(struct engine *en, struct message *m)
{
    struct stage_letter     *l = container_of(m, struct stage_letter, message);
    const struct stage_news *n = &l->news;
    struct job              *whole = engine_job(en, n->id);

    if (whole && whole->staging && !en->stopping) {
        if (n->is == STAGE_GOES_ON) {
            tell_progress(en, whole, n);
        } else {
            whole->staging = false;
            whole->v.staging = (struct job_staging){ 0 };
            if (n->is == STAGE_DONE)
                hear_there(en, whole);
            else if (whole->waits_left)
                wait_first(en, whole);
            else
                refuse_all(en, whole, n->why.text);
        }
    }
    free(l);
}

/* In the stager's thread. */
static void tell(void *arg, const struct stage_news *n)
{
    struct engine       *en = arg;
    struct stage_letter *l = calloc(1, sizeof(*l));

    if (!l) {
        log_line(LOG_ERROR, "job=%llu: out of memory: what became of its inputs is told after the "
                 "next start", (unsigned long long)JOB_NUMBER(n->id));
        return;
    }
    l->message.act = act_stage;
    l->news = *n;
    mailbox_post(en->box, &l->message.letter);
}

static int want_stager(struct engine *en, struct place *p, struct error *e)
{
    _cleanup_(bufp) struct buf memory = BUF_INIT;
    int r = buf_printf(&memory, "%s/hashes-%s", en->config->state_dir, p->cluster->name);

    if (p->stager || r < 0)
        return r;
    return stager_start(&p->stager, p->cluster, memory.data, p->open, tell, en, e);
}

static void send(struct engine *en, struct job *whole)
{
    struct place    *p = job_place(en, whole);
    struct stage_job job = {
        .id = whole->v.id,
        .token = whole->v.token,
        .dir = whole->inputs,
        .inputs = &whole->spec->inputs,
    };
    struct error e = ERROR_INIT;
    int          r = want_stager(en, p, &e);

    r = r < 0 ? r : stager_send(p->stager, &job);
    whole->staging = r == 0;
    if (r < 0)
        log_line(LOG_ERROR, "cluster=%s: inputs wait: %s", p->cluster->name,
                 e.text[0] ? e.text : strerror(-r));
}

bool inputs_come_early(struct job *j)
{
    struct job *whole = job_whole(j);

    if (whole->staged || whole->staging || !inputs_to_bring(&whole->spec->inputs))
        return true;
    whole->late = whole->late || whole->fed || j->cluster->transport->here ||
                  !inputs_are_local(&whole->spec->inputs);
    return !whole->late;
}

bool inputs_are_there(struct engine *en, struct job *j)
{
    struct job *whole = job_whole(j);
    bool        far = !j->cluster->transport->here;

    if (whole->staged || (!inputs_to_bring(&whole->spec->inputs) && !(far && whole->inputs)))
        return true;
    if (!job_place(en, j)->open) {
        job_reason(j, "queued: waits until cluster %s can be reached", j->cluster->name);
        return false;
    }
    if (!whole->staging && !en->stopping)
        send(en, whole);
    job_reason(j, whole->staging ? "staging: its inputs are brought to cluster %s"
                                 : "its inputs cannot be brought to cluster %s now: out of memory",
               j->cluster->name);
    return false;
}

void inputs_forget(struct engine *en, struct job *j)
{
    if (!j->staging)
        return;
    j->staging = false;
    stager_drop(job_place(en, j)->stager, j->v.id);
}
