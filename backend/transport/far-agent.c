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

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"

#define READ_SIZE       65536
#define LINE_MAX_SCRIPT 2000  /* a line is read byte by byte; to read blocks costs a fork */
#define SAID_MAX        16384 /* of noise before the key */

/*
 * No quote, backslash, exclamation mark or newline: csh and fish would read those their own way.
 * dd with fullblock takes exactly so many bytes from a pipe, and no more of what follows.
 */
static const char program[] =
    "exec /bin/sh -c '"
    "echo %s begin; echo %s begin >&2; "
    "if [ \"$(echo ab | dd bs=3 count=1 iflag=fullblock status=none 2>/dev/null)\" = ab ]; "
    "then take() { dd bs=\"$1\" count=1 iflag=fullblock status=none; }; "
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

void half_cut(struct buf *b, size_t len)
{
    memmove(b->data, b->data + len, b->len - len);
    (void)buf_set_len(b, b->len - len);
}

/* One read of one end. -EAGAIN; 0: something came; -EPIPE: that was all. */
int agent_read(struct transport *t, struct agent *a, enum link_end end, size_t room)
{
    struct buf *in = &a->half[end].in;
    int r = buf_reserve(in, room);
    ssize_t n;

    if (r < 0)
        return r;
    n = t->ops->read(a->stream, end, in->data + in->len, room);
    if (n <= 0)
        return n < 0 ? (int)n : -EPIPE;
    in->len += (size_t)n;
    in->data[in->len] = '\0';
    return 0;
}

int agent_wait(struct transport *t, const struct agent *a, bool writing, int64_t deadline)
{
    struct pollfd fds[LINK_FDS];
    size_t n = t->ops->poll(a->stream, writing, fds);

    return n == 0 ? 0 : link_wait(fds, n, t->stop, deadline);
}

/* Look for the line "KEY begin" and forget all before. */
bool half_find_begin(struct half *h, const char *key)
{
    char line[FAR_KEY_SIZE + 8];
    int len = snprintf(line, sizeof line, "%s begin\n", key);
    char *at = memmem(h->in.data, h->in.len, line, (size_t)len);

    if (at)
        half_cut(&h->in, (size_t)(at - h->in.data) + (size_t)len);
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
        int r;

        while ((r = agent_read(t, a, (enum link_end)i, READ_SIZE)) == 0) {
            h->begun = h->begun || half_find_begin(h, a->key);
            if (!h->begun && h->in.len > SAID_MAX)
                half_cut(&h->in, h->in.len - SAID_MAX / 2);
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
    struct span text = buf_span(&said->in);

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
    char command[sizeof program + 3 * FAR_KEY_SIZE];
    int r = agent_key(a->key);

    if (r < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "no random bytes: %s", strerror(-r));
    snprintf(command, sizeof command, program, a->key, a->key, a->key);
    r = t->ops->start(t->link, command, &a->stream, e);
    if (r != 0)
        return r;
    for (int i = 0; i < LINK_ENDS; i++)
        a->half[i].begun = false;
    while ((r = hear_key(t, a)) == -EAGAIN) {
        r = agent_wait(t, a, false, deadline);
        if (r < 0)
            break;
    }
    return r < 0 ? no_agent(t, a, r, e) : 0;
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
    int r = wrap(q, &wrapped);
    struct span script = buf_span(&wrapped);

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
int agent_prepare(struct agent *a, const struct request *q, struct buf *out)
{
    int r = agent_key(a->nonce);

    for (int i = 0; i < LINK_ENDS; i++)
        a->half[i].begun = a->half[i].over = false;
    return r < 0 ? r : frame(a, q, out);
}
