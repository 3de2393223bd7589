/*
 * array.c - the whole of an array, and its elements
 *
 * Elements move by the machine like any job; the whole does not: its state follows from how many
 * elements are in which. It ends when the last of them has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "live.h"

/*
 * The whole is what the first of these is that any element is in; ended ones count only when there
 * is nothing else, and then the worst of them does.
 */
static const enum job_state precedence[] = {
    JOB_RUNNING, JOB_COLLECTING, JOB_SUSPENDED, JOB_SUBMITTING, JOB_QUEUED,    JOB_ACCEPTED,
    JOB_HELD,    JOB_LOST,       JOB_FAILED,    JOB_CANCELLED,  JOB_COMPLETED,
};

static enum job_state state_of(const uint32_t counts[JOB_STATE_COUNT])
{
    for (size_t i = 0; i < ARRAY_SIZE(precedence); i++)
        if (counts[precedence[i]])
            return precedence[i];
    return JOB_ACCEPTED;
}

/* What happened to the whole, in the machine's words. */
static const enum job_event arrived[JOB_STATE_COUNT] = {
    [JOB_ACCEPTED] = EV_ACCEPTED,     [JOB_SUBMITTING] = EV_SUBMITTING,
    [JOB_QUEUED] = EV_ENQUEUED,       [JOB_HELD] = EV_HELD,
    [JOB_RUNNING] = EV_STARTED,       [JOB_SUSPENDED] = EV_SUSPENDED,
    [JOB_COLLECTING] = EV_EXITED,     [JOB_COMPLETED] = EV_COMPLETED,
    [JOB_FAILED] = EV_FAILED,         [JOB_CANCELLED] = EV_CANCELLED,
    [JOB_LOST] = EV_VANISHED,
};

static void count_reason(struct job *whole)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    buf_printf(&text, "array of %u:", whole->v.elements);
    for (unsigned s = 1; s < JOB_STATE_COUNT; s++)
        if (whole->v.counts[s])
            buf_printf(&text, " %s %u", job_state_name(s), whole->v.counts[s]);
    job_reason(whole, "%s", text.data);
}

/* Left its end: an element is run again. */
static void reopen_whole(struct job *whole)
{
    whole->v.times.ended_ns = 0;
    whole->v.exit_code = -1;
}

static void end_whole(struct engine *en, struct job *whole)
{
    whole->v.times.ended_ns = whole->v.times.changed_ns;
    /* Each element added its own; see array_count(). */
    if (whole->v.state == JOB_COMPLETED)
        whole->v.exit_code = 0;
    after_ended(en, whole);
}

/* The last element has ended: first what they all leave is brought. */
static enum job_state state_of_whole(struct engine *en, struct job *whole)
{
    enum job_state state = state_of(whole->v.counts);

    if (!job_ended(state)) {
        outputs_drop(en, whole);
        whole->brought = false;
    } else if (!whole->brought && outputs_begin(en, whole)) {
        return JOB_COLLECTING;
    }
    return state;
}

void array_conclude(struct engine *en, struct job *whole, const char *outputs)
{
    whole->brought = true;
    whole->v.state = state_of(whole->v.counts);
    whole->v.times.changed_ns = clock_now_ns();
    commit_event(en, whole, arrived[whole->v.state], "elements", outputs);
    job_changed(en, whole, CHANGE_JOB_STATE);
    end_whole(en, whole);
}

void array_take_up(struct engine *en, struct job *whole)
{
    if (whole->v.state == JOB_COLLECTING && job_ended(state_of(whole->v.counts)) &&
        !outputs_begin(en, whole))
        array_conclude(en, whole, "");
}

void array_count(struct engine *en, struct job *element, enum job_state from, enum job_state to)
{
    struct job    *whole = element->whole;
    enum job_state was = whole->v.state;

    if (whole->v.counts[from])
        whole->v.counts[from]--;
    whole->v.counts[to]++;
    count_reason(whole);
    whole->v.state = state_of_whole(en, whole);
    whole->v.times.changed_ns = element->v.times.changed_ns;
    if (to == JOB_RUNNING && !whole->v.times.started_ns)
        whole->v.times.started_ns = element->v.times.changed_ns;
    if (to == JOB_FAILED && element->v.exit_code > whole->v.exit_code)
        whole->v.exit_code = element->v.exit_code;
    job_changed(en, whole, CHANGE_JOB_STATE);
    if (whole->v.state == was)
        return;
    commit_event(en, whole, arrived[whole->v.state], "elements", whole->v.reason);
    if (job_ended(was))
        reopen_whole(whole);
    if (job_ended(whole->v.state))
        end_whole(en, whole);
}

static struct job *element_new(struct engine *en, struct job *whole, uint32_t index)
{
    struct job *j = job_new(en, whole->v.id + 1 + index, whole->cluster);

    if (!j)
        return NULL;
    j->v.state = JOB_ACCEPTED;
    j->v.times.accepted_ns = whole->v.times.accepted_ns;
    j->v.times.changed_ns = whole->v.times.changed_ns;
    j->v.retries = whole->v.retries;
    j->v.cores = whole->v.cores;
    j->v.memory = whole->v.memory;
    j->v.time_s = whole->v.time_s;
    j->v.priority = whole->v.priority;
    memcpy(j->v.token, whole->v.token, sizeof(j->v.token));
    j->whole = whole;
    j->spec = whole->spec;
    if (job_text(&j->v.name, whole->v.name))
        log_line(LOG_WARN, "out of memory: an element of job %llu has no name",
                 (unsigned long long)JOB_NUMBER(whole->v.id));
    return j;
}

int array_open(struct engine *en, struct job *whole)
{
    uint32_t n = spec_array_size(whole->spec);

    whole->elements = calloc(n, sizeof(*whole->elements));
    if (!whole->elements)
        return -ENOMEM;
    whole->n_elements = n;
    for (uint32_t i = 0; i < n; i++) {
        struct job *j = element_new(en, whole, spec_array_index(whole->spec, i));

        if (!j)
            return -ENOMEM;
        whole->elements[i] = j;
        job_changed(en, j, 0);
    }
    whole->v.counts[JOB_ACCEPTED] = n;
    return 0;
}

bool array_throttled(const struct job *element)
{
    const struct job *whole = element->whole;

    return whole && whole->spec->throttle && whole->n_active >= whole->spec->throttle;
}

struct job **array_slot(struct job *whole, uint32_t of_index)
{
    for (uint32_t lo = 0, hi = whole->n_elements; lo < hi;) {
        uint32_t mid = lo + (hi - lo) / 2;
        uint32_t index = spec_array_index(whole->spec, mid);

        if (index == of_index)
            return &whole->elements[mid];
        if (index < of_index)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
