/*
 * far-agent.c - a shell at the far side that takes requests, and how it is spoken with
 *
 * The account's shell may be any (csh, fish), and its start-up files may print what they like. So
 * it is told one line that all of them read alike, to become a POSIX sh with the program below,
 * and what comes before that one's key is not looked at.
 *
 *     KEY NONCE LENGTH       and then LENGTH bytes of script, and what the script itself reads
 *     KEY NONCE - SCRIPT     the same, of a script of one line
 *
 * The answer stands on both outputs between the lines "NONCE begin" and "NONCE STATUS". The nonce
 * is a new one each time, so nothing that a command prints can be taken for it. The key keeps an
 * agent from taking for a request what its last script left unread.
 */
#include "far.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"

#define READ_SIZE 65536
#define LINE_MAX_SCRIPT 2000  /* a line is read byte by byte; to read blocks costs a fork */
#define SAID_MAX 16384        /* of noise before the key */

/*
 * No quote, backslash, exclamation mark or newline: csh and fish would read those their own way.
 * dd with fullblock takes exactly so many bytes from a pipe, and no more of what follows.
 */
static const char program[] =
    "exec /bin/sh -c '"
    "echo %s begin; echo %s begin >&2; "
    "if [ \"$(echo ab | dd bs=3 count=1 iflag=fullblock 2>/dev/null)\" = ab ]; "
    "then take() { dd bs=\"$1\" count=1 iflag=fullblock 2>/dev/null; }; "
    "else take() { dd bs=1 count=\"$1\" 2>/dev/null; }; fi; "
    "while read -r k n l s && [ \"$k\" = %s ]; do "
    "[ \"$l\" = - ] || s=$(take \"$l\"); "
    "echo \"$n begin\"; echo \"$n begin\" >&2; "
    "( eval \"$s\" ); r=$?; "
    "echo \"$n $r\"; echo \"$n $r\" >&2; "
    "done'";

int agent_key(char key[FAR_KEY_SIZE])
{
    unsigned char bytes[(FAR_KEY_SIZE - 1) / 2];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return -errno;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

void agent_end(struct transport *t, struct agent *a)
{
    if (a->stream)
        t->ops->end(a->stream);
    for (int i = 0; i < LINK_ENDS; i++)
        buf_release(&a->half[i].in);
    *a = (struct agent)AGENT_INIT;
}

static void cut_front(struct buf *b, size_t len)
{
    memmove(b->data, b->data + len, b->len - len);
    (void)buf_set_len(b, b->len - len);
}

/* One read of one end. -EAGAIN; 0: something came; -EPIPE: that was all. */
static int read_half(struct transport *t, struct agent *a, enum link_end end, size_t room)
{
    struct buf *in = &a->half[end].in;
    int         r = buf_reserve(in, room);
    ssize_t     n;

    if (r < 0)
        return r;
    n = t->ops->read(a->stream, end, in->data + in->len, room);
    if (n <= 0)
        return n < 0 ? (int)n : -EPIPE;
    in->len += (size_t)n;
    in->data[in->len] = '\0';
    return 0;
}

static int wait_stream(struct transport *t, const struct agent *a, bool writing, int64_t deadline)
{
    struct pollfd fds[LINK_FDS];
    size_t        n = t->ops->poll(a->stream, writing, fds);

    return n == 0 ? 0 : link_wait(fds, n, t->stop, deadline);
}

/* Look for the line "KEY begin" and forget all before. */
static bool find_begin(struct half *h, const char *key)
{
    char  line[FAR_KEY_SIZE + 8];
    int   len = snprintf(line, sizeof line, "%s begin\n", key);
    char *at = memmem(h->in.data, h->in.len, line, (size_t)len);

    if (at)
        cut_front(&h->in, (size_t)(at - h->in.data) + (size_t)len);
    return at;
}

/*
 * What an agent prints first. 0; -EAGAIN: not yet; or the errno of a stream that will not.
 */
static int hear_key(struct transport *t, struct agent *a)
{
    bool all = true;

    for (int i = 0; i < LINK_ENDS; i++) {
        struct half *h = &a->half[i];
        int          r;

        while ((r = read_half(t, a, (enum link_end)i, READ_SIZE)) == 0) {
            h->begun = h->begun || find_begin(h, a->key);
            if (!h->begun && h->in.len > SAID_MAX)
                cut_front(&h->in, h->in.len - SAID_MAX / 2);
        }
        if (!h->begun && r != -EAGAIN)
            return r;
        all = all && h->begun;
    }
    return all ? 0 : -EAGAIN;
}

static int no_agent(struct transport *t, struct agent *a, int r, struct error *e)
{
    const struct half *said = a->half[LINK_ERR].in.len ? &a->half[LINK_ERR] : &a->half[LINK_OUT];
    struct span        text = buf_span(&said->in);

    if (r == -EPIPE)
        return t->ops->verdict(a->stream, text, e);
    if (r == -ETIMEDOUT)
        return error_set(e, TRANSPORT_E_NOT_RUN, "%s started no shell within %u s",
                         t->cluster->host, t->cluster->alive_s);
    return error_set(e, TRANSPORT_E_NOT_RUN, "the connection to %s broke: %s", t->cluster->host,
                     strerror(-r));
}

int agent_start(struct transport *t, struct agent *a, struct error *e)
{
    int64_t deadline = clock_mono_ns() + t->cluster->alive_s * NS_PER_S;
    char    command[sizeof program + 3 * FAR_KEY_SIZE];
    int     r = agent_key(a->key);

    if (r < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "no random bytes: %s", strerror(-r));
    snprintf(command, sizeof command, program, a->key, a->key, a->key);
    r = t->ops->start(t->link, command, &a->stream, e);
    if (r != 0)
        return r;
    for (int i = 0; i < LINK_ENDS; i++)
        a->half[i].begun = false;
    while ((r = hear_key(t, a)) == -EAGAIN) {
        r = wait_stream(t, a, false, deadline);
        if (r < 0)
            break;
    }
    return r < 0 ? no_agent(t, a, r, e) : 0;
}

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
    cut_front(&h->in, (size_t)(end + 1 - h->in.data));
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
    size_t       len;
    char        *last;
    int          r;

    if (!h->begun && !(h->begun = find_begin(h, a->nonce))) {
        if (h->in.len > SAID_MAX)
            cut_front(&h->in, h->in.len - SAID_MAX / 2);
        return 0;
    }
    if (h->over)
        return 0;
    last = memmem(h->in.data, h->in.len, a->nonce, FAR_KEY_SIZE - 1);
    len = last ? (size_t)(last - h->in.data) : h->in.len - maybe_last(&h->in, a->nonce);
    r = deliver(answer, end, (struct span){ h->in.data, len });
    cut_front(&h->in, len);
    if (last)
        take_status(h, answer);
    return r;
}

static size_t room_for(const struct transport *t, const struct answer *answer)
{
    if (!answer->streams)
        return READ_SIZE;
    return t->ops->room ? t->ops->room(t->link, t->round_trip_ns) : 4 * READ_SIZE;
}

/* One read, of the errors only when there is no output. 0 and *moved, or a negative errno. */
static int take_some(struct transport *t, struct agent *a, struct answer *answer, bool *moved)
{
    for (int i = 0; i < LINK_ENDS; i++) {
        size_t room = i == LINK_OUT ? room_for(t, answer) : READ_SIZE;
        int    r = read_half(t, a, (enum link_end)i, room);

        if (r == -EAGAIN)
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
    *todo = (struct span){ todo->data + n, todo->len - (size_t)n };
    return 0;
}

bool agent_is_done(const struct agent *a)
{
    return a->half[LINK_OUT].over && a->half[LINK_ERR].over;
}

int agent_wait(struct transport *t, struct agent *a, int64_t deadline_ns)
{
    return wait_stream(t, a, false, deadline_ns);
}

int agent_look(struct transport *t, struct agent *a, struct answer *answer)
{
    bool moved;
    int  r;

    do {
        moved = false;
        r = take_some(t, a, answer, &moved);
    } while (r == 0 && moved);
    return r;
}

/* Write it all, and take what comes meanwhile; if `hear`, until the answer is whole. */
static int exchange(struct transport *t, struct agent *a, struct span *todo, bool hear,
                    struct answer *answer)
{
    int64_t deadline = deadline_of(answer);

    for (;;) {
        bool moved = false;
        int  r = write_some(t, a, todo, &moved);

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
        r = moved ? 0 : wait_stream(t, a, todo->len > 0, deadline);
        if (r < 0)
            return r;
    }
}

/*
 * The input comes through a pipe whose last reader takes what the script left of it, so that the
 * next request begins where it should.
 */
static int wrap(const struct request *q, struct buf *script)
{
    if (!q->input.len)
        return buf_add_span(script, buf_span(&q->script));
    return buf_printf(script, "take %zu | ( ( %s ); r=$?; cat >/dev/null; exit $r )", q->input.len,
                      q->script.data);
}

static int frame(struct agent *a, const struct request *q, struct buf *out)
{
    _cleanup_(bufp) struct buf wrapped = BUF_INIT;
    int                        r = wrap(q, &wrapped);
    struct span                script = buf_span(&wrapped);

    if (r < 0)
        return r;
    if (script.len <= LINE_MAX_SCRIPT && !memchr(script.data, '\n', script.len)) {
        buf_printf(out, "%s %s - %s\n", a->key, a->nonce, script.data);
    } else {
        buf_printf(out, "%s %s %zu\n", a->key, a->nonce, script.len);
        buf_add_span(out, script);
    }
    return buf_add_span(out, buf_span(&q->input));
}

/* Make it anew: what came late from the request before is of no interest any more. */
static int prepare(struct agent *a, const struct request *q, struct buf *out)
{
    int r = agent_key(a->nonce);

    for (int i = 0; i < LINK_ENDS; i++)
        a->half[i].begun = a->half[i].over = false;
    return r < 0 ? r : frame(a, q, out);
}

int agent_begin(struct transport *t, struct agent *a, const struct request *q,
                struct answer *answer)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    int                        r = prepare(a, q, &out);
    struct span                todo = buf_span(&out);

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
    struct span                todo;
    int                        r;

    if (!t->up)
        return not_connected(t, e);
    if (!t->agent.stream && agent_start(t, &t->agent, e) != 0) {
        far_broken(t);
        return TRANSPORT_E_NOT_RUN;
    }
    r = prepare(&t->agent, q, &out);
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
