/*
 * move.c - a live job, and the events that move it
 *
 * Every change of state goes through job_move(): the machine decides where it leads, the event is
 * written down, and what follows from it for others (a slot, an array, who waited) is done here,
 * so that no caller can forget it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "live.h"
#include "token.h"

struct job *job_new(struct engine *en, job_id id, const struct cluster *cluster)
{
    struct job *j = calloc(1, sizeof(*j));

    if (!j)
        return NULL;
    j->v.id = id;
    j->v.exit_code = -1;
    j->v.cluster = cluster->name;
    j->cluster = cluster;
    j->text = (struct buf)BUF_INIT;
    if (!idmap_put(&en->jobs, id, j))
        return j;
    free(j);
    return NULL;
}

void job_free(struct job *j)
{
    const char **texts[] = { &j->v.name, &j->v.alias, &j->v.reason,
                             &j->v.native, &j->v.node, &j->v.memory_by };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free((char *)*texts[i]);
    if (!j->whole)
        spec_free(j->spec);
    free(j->waits);
    free(j->inputs);
    free(j->said);
    free(j->gone);
    free(j->waiters);
    free(j->elements);
    buf_release(&j->text);
    free(j);
}

int job_text(const char **field, const char *value)
{
    char *copy = value && *value ? strdup(value) : NULL;

    if (value && *value && !copy)
        return -ENOMEM;
    free((char *)*field);
    *field = copy;
    return 0;
}

void job_reason(struct job *j, const char *fmt, ...)
{
    char    text[ERROR_TEXT_MAX];
    va_list ap;

    /* Why it must never run stays its reason, whatever it takes to get it out of the queue. */
    if (j->wish & WISH_NEVER)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (j->v.reason && !strcmp(j->v.reason, text))
        return;
    j->reworded = true;
    /* Without memory the old sentence stays, which was true a moment ago. */
    if (job_text(&j->v.reason, text))
        log_line(LOG_WARN, "job=%llu: out of memory for its reason",
                 (unsigned long long)JOB_NUMBER(j->v.id));
}

void job_refuse(struct engine *en, struct job *j, const char *why)
{
    j->v.cause = CAUSE_REFUSED;
    job_reason(j, "refused by the scheduler: %s", why);
    job_move(en, j, EV_REFUSED, "scheduler", why);
}

void job_clear_attempt(struct job *j)
{
    free((char *)STEAL(j->v.native));
    free(STEAL(j->gone));
    j->v.cause = CAUSE_NONE;
    j->v.exit_code = -1;
    j->v.signal = 0;
    j->v.times.started_ns = j->v.times.ended_ns = 0;
    j->v.usage = (struct job_usage){ 0 };
    j->wish = 0;
    j->suspect = j->meant = j->asked = j->again = j->unexplained = j->brought = j->begun =
        false;
    j->asked_why = j->unstarted = 0;
    j->sent_ns = j->known_ns = j->missed_ns = j->over_ns = j->back_ns = 0;
}

struct job *engine_job(struct engine *en, job_id id)
{
    return idmap_get(&en->jobs, id);
}

int job_by_id(const void *a, const void *b)
{
    const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;

    return (x->v.id > y->v.id) - (x->v.id < y->v.id);
}

struct place *job_place(struct engine *en, const struct job *j)
{
    return &en->places[j->cluster->index];
}

struct job_ref job_ref_of(const struct job *j)
{
    return (struct job_ref){
        .id = j->v.id,
        .token = j->v.token,
        .native = j->v.native ? j->v.native : "",
        .attempt = j->v.attempt,
    };
}

void job_changed(struct engine *en, struct job *j, unsigned what)
{
    uintptr_t bits = (uintptr_t)idmap_get(&en->shows, j->v.id) | what;

    if (idmap_put(&en->shows, j->v.id, (void *)bits))
        log_line(LOG_WARN, "job=%llu: out of memory: its watchers are not told",
                 (unsigned long long)JOB_NUMBER(j->v.id));
    if (j->changed)
        return;
    if (en->n_changed == en->changed_alloc) {
        size_t       alloc = en->changed_alloc * 2 + 64;
        struct job **v = realloc(en->changed, alloc * sizeof(struct job *));

        if (!v) {
            /* It will be stored with its next change; what is on disk is older, not wrong. */
            log_line(LOG_ERROR, "job=%llu: out of memory: its change is stored later",
                     (unsigned long long)JOB_NUMBER(j->v.id));
            return;
        }
        en->changed = v;
        en->changed_alloc = alloc;
    }
    en->changed[en->n_changed++] = j;
    j->changed = true;
}

bool job_is_there(const struct job *j)
{
    static const bool there[JOB_STATE_COUNT] = {
        [JOB_SUBMITTING] = true, [JOB_RUNNING] = true, [JOB_SUSPENDED] = true,
    };

    return there[j->v.state] || job_in_queue(j);
}

bool job_in_queue(const struct job *j)
{
    return (j->v.state == JOB_QUEUED || j->v.state == JOB_HELD) && j->v.native;
}

bool job_runs(const struct job *j)
{
    return j->v.state == JOB_RUNNING || j->v.state == JOB_SUSPENDED;
}

void job_count_there(struct engine *en, struct job *j)
{
    bool          there = !j->n_elements && job_is_there(j);
    struct place *p = job_place(en, j);

    p->there += there;
    p->there -= j->there;
    if (j->whole) {
        j->whole->n_there += there;
        j->whole->n_there -= j->there;
    }
    j->there = there;
}

/* The slot goes back as soon as the command is known to be over. */
static void follow_slot(struct engine *en, struct job *j, enum job_state to)
{
    if (j->slots && !job_is_there(j))
        slots_give(job_place(en, j), j);
    if (j->queued && to != JOB_QUEUED)
        slots_unqueue(job_place(en, j), j);
}

/* It was taken out of the queue because what it waited for can never be: that is a failure, and no
 * cancel of anybody's. */
static bool is_never(const struct job *j, enum job_event ev)
{
    return ev == EV_CANCELLED && (j->wish & WISH_NEVER) && job_next(j->v.state, EV_REFUSED);
}

/* It was called back from the queue there, to wait here: see tied.c. */
static bool is_back(const struct job *j, enum job_event ev)
{
    return ev == EV_CANCELLED && (j->wish & WISH_BACK) && job_next(j->v.state, EV_FORGOTTEN);
}

bool job_move(struct engine *en, struct job *j, enum job_event ev, const char *evidence,
              const char *detail)
{
    enum job_state from = j->v.state, to;

    if (is_back(j, ev)) {
        j->v.cause = CAUSE_NONE;
        queue_forgot(en, j, "it was called back: what it waits for can end otherwise than the "
                            "scheduler sees");
        return true;
    }
    if (is_never(j, ev)) {
        ev = EV_REFUSED;
        evidence = "dependency";
        detail = j->v.reason;
        j->v.cause = CAUSE_DEPENDENCY;
        j->wish &= ~(unsigned)WISH_NEVER;
    }
    to = job_next(from, ev);
    if (to == JOB_NONE)
        return false;
    j->v.state = to;
    j->v.times.changed_ns = clock_now_ns();
    if (job_ended(to) && !j->v.times.ended_ns)
        j->v.times.ended_ns = j->v.times.changed_ns;
    commit_event(en, j, ev, evidence, detail);
    job_changed(en, j, CHANGE_JOB_STATE);
    job_count_there(en, j);
    follow_slot(en, j, to);
    if (j->whole)
        array_count(en, j, from, to);
    if (job_ended(to)) {
        duty_at(en, j, 0);
        inputs_forget(en, j);
        after_ended(en, j);
        queue_tidy(en, j);
        if (j->whole)
            queue_next(en, j->whole);
    }
    return true;
}
