/*
 * far-talk.c - a request said to an agent, and its answer heard
 *
 * Saying and hearing go on at once, since a script may print before it has read all. What is heard
 * is handed on as it comes; only its end is waited for.
 */
#include "far.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"

#define READ_SIZE 65536
#define NOISE_MAX 16384 /* kept of what comes before an answer */

static int64_t deadline_of(const struct answer *answer)
{
    return clock_mono_ns() + answer->timeout_ms * NS_PER_MS;
}

static int keep(struct buf *b, struct span s, size_t most)
{
    return b->len + s.len > most ? -EFBIG : buf_add_span(b, s);
}

static int deliver(struct answer *answer, enum link_end end, struct span s)
{
    if (s.len == 0)
        return 0;
    if (end == LINK_ERR)
        return keep(&answer->err, s, COMMAND_OUTPUT_MAX);
    if (!answer->take)
        return keep(&answer->out, s, answer->most);
    answer->stopped = answer->take(answer->arg, s.data, s.len);
    return answer->stopped ? -ECONNABORTED : 0;
}

/* The line that ends an answer stands at the front, perhaps not yet whole. */
static void take_status(struct half *h, struct answer *answer)
{
    char *end = memchr(h->in.data, '\n', h->in.len);

    if (!end)
        return;
    answer->status = atoi(h->in.data + FAR_KEY_SIZE - 1);
    h->over = true;
    half_cut(&h->in, (size_t)(end + 1 - h->in.data));
}

/* How many bytes at the end may be the beginning of the answer's last line. */
static size_t maybe_last(const struct buf *in, const char *nonce)
{
    size_t n = FAR_KEY_SIZE - 1;

    if (n > in->len)
        n = in->len;
    while (n > 0 && memcmp(in->data + in->len - n, nonce, n) != 0)
        n--;
    return n;
}

/* Hand on what certainly belongs to the answer. */
static int digest(struct agent *a, enum link_end end, struct answer *answer)
{
    struct half *h = &a->half[end];
    size_t len;
    char *last;
    int r;

    if (!h->begun && !(h->begun = half_find_begin(h, a->nonce))) {
        if (h->in.len > NOISE_MAX)
            half_cut(&h->in, h->in.len - NOISE_MAX / 2);
        return 0;
    }
    if (h->over)
        return 0;
    last = memmem(h->in.data, h->in.len, a->nonce, FAR_KEY_SIZE - 1);
    len = last ? (size_t)(last - h->in.data) : h->in.len - maybe_last(&h->in, a->nonce);
    r = deliver(answer, end, (struct span){h->in.data, len});
    half_cut(&h->in, len);
    if (last)
        take_status(h, answer);
    return r;
}

static size_t room_for(const struct transport *t, const struct answer *answer)
{
    if (!answer->streams)
        return READ_SIZE;
    return t->ops->room ? t->ops->room(t->link) : 4 * READ_SIZE;
}

/* One read, of the errors only when there is no output. 0 and *moved, or a negative errno. */
static int take_some(struct transport *t, struct agent *a, struct answer *answer, bool *moved)
{
    for (int i = 0; i < LINK_ENDS; i++) {
        size_t room = i == LINK_OUT ? room_for(t, answer) : READ_SIZE;
        int r = agent_read(t, a, (enum link_end)i, room);

        /* The end of the one may come before the last bytes of the other. */
        if (r == -EAGAIN || (r == -EPIPE && a->half[i].over))
            continue;
        *moved = true;
        return r < 0 ? r : digest(a, (enum link_end)i, answer);
    }
    return 0;
}

static int write_some(struct transport *t, struct agent *a, struct span *todo, bool *moved)
{
    ssize_t n = todo->len ? t->ops->write(a->stream, todo->data, todo->len) : 0;

    if (n == -EAGAIN || n == 0)
        return 0;
    if (n < 0)
        return (int)n;
    *moved = true;
    *todo = (struct span){todo->data + n, todo->len - (size_t)n};
    return 0;
}

bool agent_is_done(const struct agent *a)
{
    return a->half[LINK_OUT].over && a->half[LINK_ERR].over;
}

int agent_look(struct transport *t, struct agent *a, struct answer *answer)
{
    bool moved;
    int r;

    do {
        moved = false;
        r = take_some(t, a, answer, &moved);
    } while (r == 0 && moved);
    return r;
}

/* When the far side last showed that it is there, while an answer is waited for. */
struct life {
    uint64_t signs;
    int64_t heard_ns, ask_ns;
};

static void heard(const struct transport *t, struct life *life)
{
    int64_t now = clock_mono_ns();

    *life = (struct life){
        .signs = t->ops->signs ? t->ops->signs(t->link) : 0,
        .heard_ns = now,
        .ask_ns = t->ops->nudge ? now + t->cluster->alive_s * NS_PER_S / 3 : INT64_MAX,
    };
}

/* A command may take its time; a far side that says nothing at all for alive_s is gone. */
static int check_life(struct transport *t, struct life *life, int64_t deadline)
{
    int64_t now = clock_mono_ns();

    if (now >= deadline)
        return -ETIMEDOUT;
    if (t->ops->signs(t->link) != life->signs)
        heard(t, life);
    else if (now - life->heard_ns >= t->cluster->alive_s * NS_PER_S)
        return -EHOSTDOWN;
    else
        life->ask_ns = now + t->cluster->alive_s * NS_PER_S / 3;
    t->ops->nudge(t->link);
    return 0;
}

static int wait_for_more(struct transport *t, struct agent *a, bool writing, struct life *life,
                         int64_t deadline)
{
    int64_t until = deadline < life->ask_ns ? deadline : life->ask_ns;
    int     r = agent_wait(t, a, writing, until);

    return r == -ETIMEDOUT ? check_life(t, life, deadline) : r;
}

/* Write it all, and take what comes meanwhile; if `hear`, until the answer is whole. */
static int exchange(struct transport *t, struct agent *a, struct span *todo, bool hear,
                    struct answer *answer)
{
    int64_t deadline = deadline_of(answer);
    struct life life;

    heard(t, &life);
    for (;;) {
        bool moved = false;
        int r = write_some(t, a, todo, &moved);

        r = r < 0 ? r : take_some(t, a, answer, &moved);
        if (r < 0)
            return r;
        if (todo->len == 0 && (!hear || agent_is_done(a)))
            return 0;
        if (atomic_load(&t->stopped))
            return -ECANCELED;
        if (moved && answer->streams)
            deadline = deadline_of(answer);
        else if (moved && clock_mono_ns() > deadline)
            return -ETIMEDOUT;
        r = moved ? 0 : wait_for_more(t, a, todo->len > 0, &life, deadline);
        if (r < 0)
            return r;
    }
}

int agent_begin(struct transport *t, struct agent *a, const struct request *q,
                struct answer *answer)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    int r = agent_prepare(a, q, &out);
    struct span todo = buf_span(&out);

    return r < 0 ? r : exchange(t, a, &todo, false, answer);
}

int agent_add(struct transport *t, struct agent *a, struct span bytes, struct answer *answer)
{
    return exchange(t, a, &bytes, false, answer);
}

int agent_hear(struct transport *t, struct agent *a, struct answer *answer)
{
    struct span nothing = SPAN_LIT("");

    return exchange(t, a, &nothing, true, answer);
}

int agent_failed(struct transport *t, int r, const struct answer *answer, struct error *e)
{
    const char *host = t->cluster->host;

    far_broken(t);
    switch (r) {
    case -ETIMEDOUT:
        return error_set(e, TRANSPORT_E_UNKNOWN, "%s gave no answer within %u ms", host,
                         answer->timeout_ms);
    case -EHOSTDOWN:
        return error_set(e, TRANSPORT_E_UNKNOWN, "nothing was heard of %s for %u s", host,
                         t->cluster->alive_s);
    case -EFBIG:
        return error_set(e, TRANSPORT_E_UNKNOWN, "%s says more than %zu bytes", host, answer->most);
    case -ECANCELED:
        return error_set(e, TRANSPORT_E_UNKNOWN, "not waited for %s any longer", host);
    case -EPIPE:
        return error_set(e, TRANSPORT_E_UNKNOWN, "the shell at %s ended", host);
    default:
        return error_set(e, TRANSPORT_E_UNKNOWN, "the connection to %s broke: %s", host,
                         strerror(-r));
    }
}

static int not_connected(const struct transport *t, struct error *e)
{
    return error_set(e, TRANSPORT_E_NOT_RUN, "there is no connection to %s", t->cluster->host);
}

int far_ask(struct transport *t, const struct request *q, struct answer *answer, struct error *e)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    struct span todo;
    int r;

    if (!t->up)
        return not_connected(t, e);
    if (!t->agent.stream && agent_start(t, &t->agent, e) != 0) {
        far_broken(t);
        return TRANSPORT_E_NOT_RUN;
    }
    r = agent_prepare(&t->agent, q, &out);
    if (r < 0)
        return error_set(e, r, "cannot ask %s: %s", t->cluster->host, strerror(-r));
    todo = buf_span(&out);
    r = exchange(t, &t->agent, &todo, true, answer);
    if (r == -ECONNABORTED) {
        agent_end(t, &t->agent);
        return 0;
    }
    if (r == 0)
        return 0;
    r = agent_failed(t, r, answer, e);
    /* Not a byte of it has left: it cannot have been done. */
    return todo.len == out.len ? TRANSPORT_E_NOT_RUN : r;
}
