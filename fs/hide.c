/*
 * hide.c - what was removed of a job that is still there
 *
 * A sorted array of keys, each with one bit for each row: it is empty but for the moments in which
 * somebody removes a job's directory the way `rm -r` does. Nothing is lost by it: what was hidden
 * without the directory being removed after it comes back a moment later.
 */
#include "fs/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "fs/sorted.h"

/* rm -r takes less from one removal to the next. */
#define HIDDEN_NS (10 * NS_PER_S)

struct hidden {
    uint64_t key; /* a job's, or an attempt's; first, for sorted_at() */
    uint64_t rows;
};

_Static_assert(ROW_COUNT <= 64, "one bit for each row");

/* Where the first entry that is not below `key` is, or would be. */
static size_t position(const struct tree *t, uint64_t key)
{
    return sorted_at(t->hidden, t->n_hidden, sizeof(*t->hidden), key);
}

static int make_room(struct tree *t)
{
    size_t more = t->alloc_hidden ? t->alloc_hidden * 2 : 8;
    struct hidden *bigger;

    if (t->n_hidden < t->alloc_hidden)
        return 0;
    bigger = reallocarray(t->hidden, more, sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    t->hidden = bigger;
    t->alloc_hidden = more;
    return 0;
}

int hide(struct tree *t, struct place p)
{
    size_t i;
    int r;

    if (clock_mono_ns() - t->hidden_ns > HIDDEN_NS)
        t->n_hidden = 0;
    i = position(t, p.key);
    if (i == t->n_hidden || t->hidden[i].key != p.key) {
        r = make_room(t);
        if (r < 0)
            return r;
        memmove(&t->hidden[i + 1], &t->hidden[i], (t->n_hidden - i) * sizeof(*t->hidden));
        t->hidden[i] = (struct hidden){ .key = p.key };
        t->n_hidden++;
    }
    t->hidden[i].rows |= UINT64_C(1) << p.row;
    t->hidden_ns = clock_mono_ns();
    return 0;
}

bool is_hidden(const struct tree *t, struct place p)
{
    size_t i = position(t, p.key);

    if (!t->n_hidden || clock_mono_ns() - t->hidden_ns > HIDDEN_NS)
        return false;
    return i < t->n_hidden && t->hidden[i].key == p.key &&
           (t->hidden[i].rows & UINT64_C(1) << p.row);
}

void hide_forget(struct tree *t, job_id job)
{
    size_t left = 0;

    for (size_t i = 0; i < t->n_hidden; i++)
        if (JOB_WHOLE(JOB_OF_KEY(t->hidden[i].key)) != JOB_WHOLE(job))
            t->hidden[left++] = t->hidden[i];
    t->n_hidden = left;
}
