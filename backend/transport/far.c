/*
 * far.c - a far machine as a transport: the connection, and commands
 *
 * The connection is there or it is not; what meets a broken one closes it, and only connect() makes
 * a new one. So nobody ever waits for a network without having said so.
 */
#include "far.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"
#include "clustrixfs/quote.h"

int far_open(struct transport **tp, const struct link_ops *ops, const struct cluster *c,
             struct error *e)
{
    struct transport *t = calloc(1, sizeof *t);
    int r = link_check_names(c, e);

    if (!t || r < 0) {
        free(t);
        return r < 0 ? r : error_set(e, -ENOMEM, "out of memory");
    }
    t->ops = ops;
    t->cluster = c;
    t->agent = t->tail = (struct agent)AGENT_INIT;
    t->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = t->stop < 0 ? error_set(e, -errno, "no event descriptor: %s", strerror(errno))
                    : ops->open(&t->link, c, t->stop, e);
    if (r < 0) {
        far_close(t);
        return r;
    }
    *tp = t;
    return 0;
}

void far_broken(struct transport *t)
{
    agent_end(t, &t->agent);
    agent_end(t, &t->tail);
    t->ops->disconnect(t->link);
    t->up = false;
}

void far_disconnect(struct transport *t)
{
    far_broken(t);
}

void far_close(struct transport *t)
{
    if (!t)
        return;
    if (t->link) {
        far_broken(t);
        t->ops->close(t->link);
    }
    fdp_cleanup(&t->stop);
    free(t);
}

void far_interrupt(struct transport *t)
{
    atomic_store(&t->stopped, true);
    (void)eventfd_write(t->stop, 1);
}

/* That the agent answers at all. */
static int greet(struct transport *t, struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    int r = buf_add_str(&q.script, ":");

    a.timeout_ms = t->cluster->alive_s * 1000;
    if (r == 0)
        r = far_ask(t, &q, &a, e);
    return r == 0 ? 0 : TRANSPORT_E_NOT_RUN;
}

int far_connect(struct transport *t, struct error *e)
{
    int r;

    if (t->up)
        return 0;
    if (atomic_load(&t->stopped))
        return error_set(e, TRANSPORT_E_NOT_RUN, "no connection is made any more");
    r = t->ops->connect(t->link, e);
    t->up = r == 0;
    if (r == 0)
        r = agent_start(t, &t->agent, e);
    if (r == 0)
        r = greet(t, e);
    if (r != 0)
        far_broken(t);
    return r;
}

static int script_of(const struct command *c, struct buf *script)
{
    int r = buf_add_str(script, c->input.len ? "exec " : "exec </dev/null ");

    return r < 0 ? r : quote_argv(script, &c->argv);
}

int far_run(struct transport *t, const struct command *c, struct outcome *o, struct error *e)
{
    _cleanup_(requestp) struct request q = REQUEST_INIT;
    _cleanup_(answerp) struct answer a = ANSWER_INIT;
    int r;

    /* exec would take a dash for an option of its own. */
    if (c->argv.n == 0 || c->argv.v[0][0] == '-')
        return error_set(e, -EINVAL, "that is no name of a program");
    r = script_of(c, &q.script);
    if (r == 0)
        r = buf_add_span(&q.input, buf_span(&c->input));
    if (r < 0)
        return error_set(e, r, "cannot run %s: %s", c->argv.v[0], strerror(-r));
    if (c->timeout_ms)
        a.timeout_ms = c->timeout_ms;
    r = far_ask(t, &q, &a, e);
    if (r != 0)
        return r > 0 ? error_prefix(e, r, "%s: ", c->argv.v[0]) : r;
    o->status = a.status;
    o->out = a.out;
    o->err = a.err;
    a.out = a.err = (struct buf)BUF_INIT;
    return 0;
}
