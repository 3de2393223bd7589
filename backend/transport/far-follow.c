/*
 * far-follow.c - a file at the far side that others append to
 *
 * tail follows it there, on a stream of its own. Where it begins is settled before we are told that
 * it does, so nothing that is appended from then on is missed.
 */
#include "far.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"
#include "clustrixfs/quote.h"

#define READY "ready\n"

static const char follower[] = "\nmkdir -p \"${p%/*}/\" || exit\n"
                               ": >>\"$p\" || exit\n"
                               "size=$(wc -c <\"$p\") || exit\n"
                               "echo ready\n"
                               "tail -c +$((size + 1)) -F \"$p\" 2>/dev/null &\n"
                               "while read -r line; do :; done\n"
                               "kill $!";

static int follow_script(struct buf *script, const char *path)
{
    int r = far_script(script);

    buf_add_str(script, "p=");
    r = r < 0 ? r : quote_word(script, span_str(path));
    return r < 0 ? r : buf_add_str(script, follower);
}

static int append(void *arg, const char *data, size_t n)
{
    return buf_add(arg, data, n);
}

/* Until it says that it is at it. */
static int begin(struct transport *t, const struct request *q, struct answer *a)
{
    int64_t deadline = clock_mono_ns() + t->cluster->alive_s * NS_PER_S;
    int r = agent_begin(t, &t->tail, q, a);

    while (r == 0 && a->out.len < strlen(READY) && !agent_is_done(&t->tail)) {
        r = agent_wait(t, &t->tail, false, deadline);
        r = r < 0 ? r : agent_look(t, &t->tail, a);
    }
    return r;
}

static int start(struct transport *t, const struct request *q, struct error *e)
{
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    int r = agent_start(t, &t->tail, e);

    if (r != 0) {
        far_broken(t);
        return -ENOTCONN;
    }
    a.most = strlen(READY);
    r = begin(t, q, &a);
    if (r < 0 && agent_failed(t, r, &a, e))
        return -ENOTCONN;
    if (agent_is_done(&t->tail)) {
        agent_end(t, &t->tail);
        r = far_verdict(&a, "cannot follow that file", e);
        return r < 0 ? r : -EPROTO;
    }
    return t->ops->fd(t->tail.stream);
}

int far_follow(struct transport *t, const char *path, struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    int r = path[0] == '/' ? follow_script(&q.script, path) : -EINVAL;

    if (!t->up)
        return error_set(e, -ENOTCONN, "there is no connection to %s", t->cluster->host);
    if (r < 0)
        return error_set(e, r, "cannot follow %s: %s", path, strerror(-r));
    agent_end(t, &t->tail);
    return start(t, &q, e);
}

int far_follow_read(struct transport *t, struct buf *b, struct error *e)
{
    struct answer a = ANSWER_INIT;
    int r;

    a.take = append;
    a.arg = b;
    r = t->up && t->tail.stream ? agent_look(t, &t->tail, &a) : -ENOTCONN;
    if (r == -ECONNABORTED)
        return error_set(e, a.stopped, "out of memory");
    if (r == 0 && !agent_is_done(&t->tail))
        return 0;
    if (t->up)
        far_broken(t);
    return error_set(e, -ENOTCONN, "the connection to %s has ended", t->cluster->host);
}
