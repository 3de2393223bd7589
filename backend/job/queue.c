/*
 * queue.c - jobs for a scheduler that keeps the queue itself
 *
 * A job waits here only for what the scheduler cannot know (jobs of other clusters, a cluster out
 * of reach) and then goes into its queue, with the numbers of those it waits for there (tied.c).
 * An array goes as one: one order, one number there, and each of its elements moves as if it had
 * been sent by itself. Only an element that is run again goes alone (WISH_ALONE, so that it is
 * looked for under its own name after a restart).
 *
 * Elements that were cancelled before their array was sent are claimed with it: their run directory
 * is there before the scheduler starts them, and so they do not run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clustrixfs/clock.h"

#include "live.h"


static bool waits_here(const struct job *j)
{
    return (j->v.state == JOB_ACCEPTED || j->v.state == JOB_QUEUED) && !job_in_queue(j);
}

static bool goes_with_its_array(const struct job *j)
{
    const struct scheduler_ops *s = j->cluster->scheduler;

    return j->whole && !(j->wish & WISH_ALONE) && s->as_array &&
           s->as_array(j->cluster, j->whole->spec);
}

/* Every element that is left waits here, for the same attempt. */
static bool can_go_whole(const struct job *whole, uint32_t attempt)
{
    for (uint32_t i = 0; i < whole->n_elements; i++) {
        const struct job *j = whole->elements[i];

        if (!j && attempt > 1)
            return false;
        if (j && !job_ended(j->v.state) &&
            (!waits_here(j) || j->v.attempt != attempt || (j->wish & WISH_HOLD)))
            return false;
    }
    return true;
}

static int claim_the_ended(const struct job *whole, uint32_t attempt, struct far_files *files)
{
    int r = 0;

    for (uint32_t i = 0; !r && i < whole->n_elements; i++) {
        const struct job *j = whole->elements[i];
        _cleanup_(bufp) struct buf path = BUF_INIT;
        struct job_ref ref = { .token = whole->v.token, .native = "", .attempt = attempt };

        if (j && !job_ended(j->v.state))
            continue;
        ref.id = whole->v.id + 1 + spec_array_index(whole->spec, i);
        r = path_run(&path, whole->cluster, &ref, NULL);
        if (!r)
            r = far_files_add(files, path.data, S_IFDIR | 0700, SPAN_LIT(""));
    }
    return r;
}

static void set_out(struct engine *en, struct job *j)
{
    job_reason(j, "being submitted to cluster %s", j->cluster->name);
    job_move(en, j, EV_SUBMITTING, "daemon", "");
}

static void send_order(struct engine *en, struct order *o)
{
    commit_urgent(en);
    commit_order(en, o);
}

/* The first attempt of all has a number only now. */
static void number_attempt(struct job *j)
{
    if (!j->v.attempt)
        j->v.attempt = 1;
}

static void send_whole(struct engine *en, struct job *whole, uint32_t attempt)
{
    struct order *o;
    bool          again = false;

    for (uint32_t i = 0; i < whole->n_elements; i++)
        again |= whole->elements[i] && whole->elements[i]->again;
    o = duty_new_order(whole, ORDER_SUBMIT, VERB_SUBMIT);
    if (!o)
        return;
    o->attempt = attempt;
    o->again = again;
    if (!duty_render(en, whole, o) || claim_the_ended(whole, attempt, &o->files) ||
        tied_put(en, whole, attempt, &o->files)) {
        order_free(o);
        return;
    }
    whole->wish &= ~(unsigned)WISH_ALONE;
    for (uint32_t i = 0; i < whole->n_elements; i++)
        if (whole->elements[i] && waits_here(whole->elements[i]))
            set_out(en, whole->elements[i]);
    send_order(en, o);
}

static void send_one(struct engine *en, struct job *j)
{
    struct order *o;

    if (j->whole)
        tied_set_apart(en, j);
    o = duty_new_order(j, ORDER_SUBMIT, VERB_SUBMIT);
    if (!o)
        return;
    o->again = j->again;
    if (!duty_render(en, j, o) || tied_put(en, j, j->v.attempt, &o->files)) {
        order_free(o);
        return;
    }
    set_out(en, j);
    send_order(en, o);
}

static void number_all(struct job *whole)
{
    for (uint32_t i = 0; i < whole->n_elements; i++)
        if (whole->elements[i])
            number_attempt(whole->elements[i]);
}

static void send(struct engine *en, struct job *j)
{
    bool with_all = goes_with_its_array(j);

    number_attempt(j);
    if (with_all)
        number_all(j->whole);
    if (with_all && can_go_whole(j->whole, j->v.attempt))
        send_whole(en, j->whole, j->v.attempt);
    else
        send_one(en, j);
    /* Not sent, for want of memory, or what it waits for: in a moment again. */
    if (waits_here(j))
        duty_at(en, j, clock_mono_ns() + QUEUE_AGAIN_NS);
}

/* As many of its array are there as may be at a time: then queue_next() tells it when not. */
static bool is_throttled(const struct job *j)
{
    struct job *whole = j->whole;
    uint32_t    at;

    if (!whole || !j->spec->throttle || whole->n_there < j->spec->throttle)
        return false;
    at = (uint32_t)(array_slot(whole, JOB_INDEX(j->v.id)) - whole->elements);
    if (at < whole->turn)
        whole->turn = at;
    return true;
}

static bool is_its_turn(struct engine *en, struct job *j)
{
    if (!duty_may_start(en, j) && !tied_can_go(en, j))
        return false;
    if (!j->cluster->scheduler || !j->cluster->scheduler->paced)
        return true;
    if (!duty_has_begun(en, j))
        return false;
    if (!is_throttled(j))
        return true;
    /* It waits for its turn, here: which is what queued means. */
    job_move(en, j, EV_ENQUEUED, "daemon", "");
    job_reason(j, "waits for another element of the array to end: %u at a time, as asked",
               j->spec->throttle);
    return false;
}

void queue_next(struct engine *en, struct job *whole)
{
    const struct scheduler_ops *s = whole->cluster->scheduler;

    if (!s || !s->paced || !whole->spec->throttle)
        return;
    while (whole->turn < whole->n_elements) {
        struct job *j = whole->elements[whole->turn++];

        if (j && waits_here(j) && !j->due_ns && !(j->wish & WISH_HOLD)) {
            duty_at(en, j, clock_mono_ns());
            return;
        }
    }
}

/* Also of one whose record came before the answer of its submission. */
void queue_tidy(struct engine *en, struct job *j)
{
    const struct scheduler_ops *s = j->cluster->scheduler;

    if (s && s->verbs[VERB_TIDY].say && (j->v.native || j->v.times.started_ns) &&
        j->v.state != JOB_LOST)
        duty_order(en, j, ORDER_VERB, VERB_TIDY, NULL);
}

static bool can_send(struct engine *en, struct job *j)
{
    const struct place *p = job_place(en, j);

    if (job_whole(j)->staging)
        return inputs_are_there(en, j);
    if (!is_its_turn(en, j))
        return false;
    if (p->open && !p->draining)
        return inputs_are_there(en, j);
    if (!p->cluster->met)
        job_reason(j, "accepted: it goes out when cluster %s has been reached for the first time",
                   j->cluster->name);
    else if (!p->open)
        job_reason(j, "accepted: it goes out when cluster %s can be reached", j->cluster->name);
    else
        job_reason(j, "accepted: cluster %s is draining: write connect to its ctl to go on",
                   j->cluster->name);
    return false;
}

static void owe_here(struct engine *en, struct job *j)
{
    tied_let_be(j);
    if (j->wish & WISH_CANCEL) {
        job_reason(j, "cancelled before it was submitted");
        j->v.cause = CAUSE_CANCEL;
        job_move(en, j, EV_CANCELLED, "user", "");
    } else if (j->wish & WISH_HOLD) {
        job_reason(j, "held: write release to its ctl to let it go on");
        job_move(en, j, EV_HELD, "user", "");
    } else if (!j->due_ns) {
        if (can_send(en, j))
            send(en, j);
        /* What waits is looked at often, and mostly for the same reason. */
        if (j->reworded)
            job_changed(en, j, 0);
    }
}

/* Wishes about a job that waits in the queue there; each is said once for each connection. */
static void owe_there(struct engine *en, struct job *j)
{
    enum scheduler_verb verb;

    if (!job_place(en, j)->open)
        return;
    if (j->missed_ns || (j->asked && (j->wish & WISH_CANCEL))) {
        queue_look(en, j);
        return;
    }
    if ((j->wish & WISH_BACK) && tied_goes_last(en, j)) {
        duty_at(en, j, clock_mono_ns() + QUEUE_AGAIN_NS);
        return;
    }
    if (j->wish & WISH_CANCEL)
        verb = VERB_CANCEL;
    else if (j->v.state == JOB_QUEUED && (j->wish & WISH_HOLD))
        verb = VERB_HOLD;
    else if (j->v.state == JOB_HELD && (j->wish & WISH_RELEASE))
        verb = VERB_RELEASE;
    else
        return;
    if (j->asked)
        return;
    j->asked = true;
    duty_order(en, j, ORDER_VERB, verb, j->wish & WISH_BACK ? CANCEL_WAITING : NULL);
}

void queue_do(struct engine *en, struct job *j)
{
    if (job_in_queue(j))
        owe_there(en, j);
    else
        owe_here(en, j);
}

static void look_for_whole(struct engine *en, struct job *j)
{
    struct order *o;

    if (j->whole->looking || !job_place(en, j)->open)
        return;
    o = duty_new_order(j->whole, ORDER_LOOK, VERB_FIND);
    if (!o)
        return;
    o->attempt = j->v.attempt;
    j->whole->looking = true;
    commit_order(en, o);
}

void queue_look(struct engine *en, struct job *j)
{
    struct order *o;

    if (j->v.state == JOB_SUBMITTING && goes_with_its_array(j)) {
        look_for_whole(en, j);
        return;
    }
    if (!job_place(en, j)->open)
        return;
    o = duty_new_order(j, ORDER_LOOK, j->v.state == JOB_SUBMITTING ? VERB_FIND : VERB_POLL);
    if (!o) {
        duty_at(en, j, clock_mono_ns() + QUEUE_AGAIN_NS);
        return;
    }
    o->account = j->v.state != JOB_SUBMITTING;
    commit_order(en, o);
}

void queue_has(struct engine *en, struct job *j, const char *native, const char *why)
{
    if (job_text(&j->v.native, native))
        return; /* looked for again, with more memory */
    j->failures = 0;
    j->again = false;
    j->missed_ns = j->over_ns = 0;
    j->sent_ns = clock_mono_ns();
    if (!after_reason(en, j, "queued: "))
        job_reason(j, "queued: %s", *why ? why : "the scheduler has it");
    job_move(en, j, EV_SUBMITTED, "scheduler", native);
    job_count_there(en, j);
    place_quicken(job_place(en, j));
    tied_follow(en, j);
    if (j->wish)
        duty_do(en, j);
}

void queue_refused(struct engine *en, struct job *j, const struct report *r)
{
    if (!tied_went(j, r)) {
        job_refuse(en, j, r->note);
        return;
    }
    /* Whom it was to wait for the scheduler has forgotten since: in a moment their end is known
     * here too. Or it has as many jobs as it takes: then this one comes when it can run. */
    job_whole(j)->stays = r->cause != CAUSE_DEPENDENCY;
    queue_has_not(en, j, r->note);
}
