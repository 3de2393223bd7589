/*
 * survey.c - one look at all that we have in a cluster's queue
 */
#include "survey.h"

#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"

static void add(void *arg, const struct sighting *seen)
{
    struct survey_news *s = arg;

    if (s->n == s->alloc) {
        size_t           alloc = s->alloc * 2 + 64;
        struct sighting *v = realloc(s->v, alloc * sizeof(*v));

        if (!v) {
            /* One that is left out must not be taken for gone. */
            error_set(&s->e, 0, "out of memory for what the queue holds");
            return;
        }
        s->v = v;
        s->alloc = alloc;
    }
    s->v[s->n++] = *seen;
}

struct survey_news *survey_take(struct transport *t, const struct cluster *c)
{
    _cleanup_(commandp) struct command cmd = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct survey_news *s = calloc(1, sizeof(*s));
    int                 r;

    if (!s)
        return NULL;
    s->cluster = c->index;
    s->asked_ns = clock_mono_ns();
    r = c->scheduler->survey.say(c, &cmd);
    if (!r)
        r = c->transport->run(t, &cmd, &o, &s->e);
    if (!r)
        r = c->scheduler->survey.hear(c, &o, add, s, &s->e);
    s->whole = !r && !s->e.text[0];
    if (r && !s->e.text[0])
        error_set(&s->e, r, "the queue could not be looked at");
    return s;
}

void survey_free(struct survey_news *s)
{
    if (!s)
        return;
    free(s->v);
    free(s);
}

static bool covers(const struct sighting *seen, uint32_t element)
{
    const struct spec_range *r = &seen->range;

    if (!seen->element || !element)
        return true;
    return element - 1 >= r->first && element - 1 <= r->last &&
           (!r->step || (element - 1 - r->first) % r->step == 0);
}

const struct sighting *survey_find(const struct survey_news *s, const char *token,
                                   uint32_t element, uint32_t attempt)
{
    const struct sighting *found = NULL;

    for (size_t i = 0; i < s->n; i++) {
        const struct sighting *v = &s->v[i];

        if (strcmp(v->token, token) || !covers(v, element) ||
            (v->attempt && v->attempt != attempt))
            continue;
        /* What has ended may be left of a submission before this one. */
        if (v->report.is != REPORT_ENDED)
            return v;
        if (!found)
            found = v;
    }
    return found;
}
