/*
 * directives-amounts.c - what the readers of all dialects set keys with
 *
 * Schedulers count per core, per task, per node or per job what a spec counts for each node
 * (memory) or in total (tasks, gpus). Which factor it is may stand on a later line, so an amount
 * is noted and converted after the last one.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/units.h"

int take_text(struct parse *p, enum spec_key key, struct span text)
{
    int r = parse_claim(p, key);

    return r != 0 ? r : spec_keys[key].kind->text(p, &spec_keys[key], text);
}

int take_count(struct parse *p, enum spec_key key, uint64_t n, enum per per)
{
    const struct key *row = &spec_keys[key];
    int r = parse_claim(p, key);

    if (r != 0)
        return r;
    if (n > (uint64_t)row->most || n < (uint64_t)row->least)
        return key_wants(p, row);
    p->said[key].per = per;
    p->said[key].amount = n;
    *(uint32_t *)key_field(p, row) = (uint32_t)n;
    return 0;
}

int take_amount(struct parse *p, enum spec_key key, struct span text, enum per per)
{
    uint64_t n;

    if (span_to_u64(text, &n) < 0)
        return key_wants(p, &spec_keys[key]);
    return take_count(p, key, n, per);
}

int take_memory(struct parse *p, struct span text, uint64_t unit, enum per per)
{
    struct said *said = &p->said[KEY_MEMORY];
    uint64_t bytes;
    int r = parse_claim(p, KEY_MEMORY);

    if (r != 0)
        return r;
    if (units_memory(text, unit, &bytes) < 0 || bytes == 0)
        return parse_fail(p, "%s has to be an amount of memory, for example 4G", p->what);
    said->per = per;
    said->amount = bytes;
    p->spec->memory = bytes;
    return 0;
}

/* Zero and the words for it are no limit, in all of these languages. */
int take_time(struct parse *p, struct span text, bool minutes)
{
    static const char *const unlimited[] = { "UNLIMITED", "INFINITE", "INFINITY", "infinity" };
    int r = parse_claim(p, KEY_TIME);

    if (r != 0)
        return r;
    p->spec->time_s = 0;
    for (size_t i = 0; i < ARRAY_SIZE(unlimited); i++)
        if (span_is(text, unlimited[i]))
            return 0;
    if (units_time(text, minutes ? UNITS_TIME_MINUTES : UNITS_TIME_SECONDS, &p->spec->time_s) < 0)
        return parse_fail(p, "%s has to be a time, for example 02:00:00", p->what);
    return 0;
}

static uint64_t at_least_one(uint64_t n)
{
    return n > 0 ? n : 1;
}

/* amount * (times / by), rounded up. */
static int scale(struct parse *p, enum spec_key key, uint64_t times, uint64_t by, uint64_t most,
                 uint64_t *out)
{
    const struct said *said = &p->said[key];
    uint64_t product;

    p->at = said->at;
    if (__builtin_mul_overflow(said->amount, times, &product) || product / by > most)
        return parse_fail(p, "\"%s\" would be more than there can be", spec_keys[key].name);
    *out = product / by + (product % by != 0);
    return 0;
}

static int settle_count(struct parse *p, enum spec_key key, uint64_t times)
{
    uint64_t n = 0;
    int r = scale(p, key, times, 1, (uint64_t)spec_keys[key].most, &n);

    if (r == 0)
        *(uint32_t *)key_field(p, &spec_keys[key]) = (uint32_t)n;
    return r;
}

static int settle_counts(struct parse *p)
{
    const struct spec *spec = p->spec;
    uint64_t nodes = at_least_one(spec->nodes);
    int r = 0;

    if (p->said[KEY_TASKS].per == PER_NODE)
        r = settle_count(p, KEY_TASKS, nodes);
    if (r == 0 && p->said[KEY_GPUS].per == PER_NODE)
        r = settle_count(p, KEY_GPUS, nodes);
    if (r == 0 && p->said[KEY_GPUS].per == PER_TASK)
        r = settle_count(p, KEY_GPUS, at_least_one(spec->tasks));
    return r;
}

/* A spec's memory is for each node: of `tasks` on `nodes` the fullest one has tasks/nodes. */
static int settle_memory(struct parse *p)
{
    struct spec *spec = p->spec;
    uint64_t nodes = at_least_one(spec->nodes), tasks = at_least_one(spec->tasks);
    uint64_t on_one_node = tasks / nodes + (tasks % nodes != 0);

    switch (p->said[KEY_MEMORY].per) {
    case PER_CORE:
        return scale(p, KEY_MEMORY, on_one_node * at_least_one(spec->cores), 1, UNITS_MEMORY_MAX,
                     &spec->memory);
    case PER_TASK:
        return scale(p, KEY_MEMORY, on_one_node, 1, UNITS_MEMORY_MAX, &spec->memory);
    case PER_JOB:
        return scale(p, KEY_MEMORY, 1, nodes, UNITS_MEMORY_MAX, &spec->memory);
    case PER_AS_IT_IS:
    case PER_NODE:
        break;
    }
    return 0;
}

/* Said only in passing, it does not contradict a number of tasks that stands elsewhere. */
static int settle_tasks_per_node(struct parse *p)
{
    if (p->tasks_per_node == 0 || p->said[KEY_TASKS].voice != VOICE_NONE)
        return 0;
    p->at = p->tasks_per_node_at;
    return take_count(p, KEY_TASKS, p->tasks_per_node, PER_NODE);
}

int directives_settle(struct parse *p)
{
    int r = settle_tasks_per_node(p);

    if (r == 0)
        r = settle_counts(p);
    if (r == 0)
        r = settle_memory(p);
    if (r == 0 && p->throttle > 0 && p->spec->n_ranges > 0)
        p->spec->throttle = p->throttle;
    return r;
}
