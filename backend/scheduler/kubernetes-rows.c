/*
 * kubernetes-rows.c - the names of our pods, and the lines that say how they are
 */
#include <stdio.h>
#include <string.h>

#include "kubernetes.h"

/* "LETTER" and the number that follows, in `part`. */
static bool cut_number(struct span part, char letter, uint32_t most, uint32_t *n)
{
    struct span digits = { part.data + 1, part.len - 1 };
    uint64_t    value;

    if (part.len < 2 || part.data[0] != letter || span_to_u64(digits, &value) < 0 || value > most)
        return false;
    *n = (uint32_t)value;
    return true;
}

bool kube_name_cut(struct span name, struct kube_name *n)
{
    struct span token = span_until(&name, '-'), part = span_until(&name, '-');

    *n = (struct kube_name){ 0 };
    if (!span_is_token(token))
        return false;
    span_copy(n->token, sizeof n->token, token);
    n->element = part.len > 0 && part.data[0] == 't';
    if (n->element && !cut_number(part, 't', JOB_INDEX_MAX, &n->index))
        return false;
    if (n->element)
        part = span_until(&name, '-');
    return name.len == 0 && cut_number(part, 'a', UINT32_MAX, &n->attempt) && n->attempt > 0;
}

void kube_name_of(char out[NATIVE_ID_MAX], const struct job_ref *ref)
{
    uint32_t element = JOB_ELEMENT(ref->id);

    if (element)
        snprintf(out, NATIVE_ID_MAX, "%s-t%u-a%u", ref->token, element - 1, ref->attempt);
    else
        snprintf(out, NATIVE_ID_MAX, "%s-a%u", ref->token, ref->attempt);
}

static void read_pod(struct span line, struct kube_pod *p)
{
    *p = (struct kube_pod){ .name = span_until(&line, '|') };
    p->phase = span_until(&line, '|');
    p->deleted = span_until(&line, '|');
    p->node = span_until(&line, '|');
    p->reason = span_until(&line, '|');
    p->message = line;
}

static void read_unplaced(struct span line, struct kube_pod *p)
{
    p->unplaced = true;
    p->unplaced_message = line;
}

static void read_waiting(struct span line, struct kube_pod *p)
{
    p->waiting = span_until(&line, '|');
    p->waiting_message = line;
}

static void read_terminated(struct span line, struct kube_pod *p)
{
    p->terminated = true;
    p->ended = span_until(&line, '|');
    p->exit_code = span_until(&line, '|');
    p->started_at = span_until(&line, '|');
    p->ended_at = span_until(&line, '|');
    p->ended_message = line;
}

static const struct {
    const char *begin;
    void (*read)(struct span line, struct kube_pod *p);
} kinds[] = {
    { "P|", read_pod }, { "S|", read_unplaced }, { "W|", read_waiting }, { "T|", read_terminated },
};

bool kube_pod_next(struct span *rest, struct kube_pod *pod)
{
    struct span line;

    *pod = (struct kube_pod){ 0 };
    while (span_next_line(rest, &line)) {
        if (span_is(line, "Z") && pod->name.len > 0)
            return true;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
            if (span_begins(line, kinds[i].begin))
                kinds[i].read((struct span){ line.data + 2, line.len - 2 }, pod);
    }
    return false;
}
