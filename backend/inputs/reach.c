/*
 * reach.c - the stager's own way to the cluster
 *
 * A connection beside the worker's, and scripts that are run on it. The pointer to it is all that
 * the engine's thread looks at, to interrupt what waits when the daemon ends.
 */
#include <errno.h>
#include <string.h>

#include "parts.h"

bool stager_is_stopped(const struct stager *s)
{
    return __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE);
}

void stager_hang_up(struct stager *s)
{
    struct transport *t;

    pthread_mutex_lock(&s->lock);
    t = STEAL(s->transport);
    pthread_mutex_unlock(&s->lock);
    if (t)
        s->cluster->transport->close(t);
}

int stager_reach(struct stager *s, struct error *e)
{
    const struct transport_ops *ops = s->cluster->transport;
    struct transport *t = NULL;
    int               r = 0;

    if (!s->transport) {
        r = ops->open(&t, s->cluster, e);
        if (r < 0)
            return r;
        pthread_mutex_lock(&s->lock);
        s->transport = t;
        if (stager_is_stopped(s) && ops->interrupt)
            ops->interrupt(t);
        pthread_mutex_unlock(&s->lock);
    }
    return ops->connect ? ops->connect(s->transport, e) : 0;
}

static int say_script(const struct far_script *f, struct command *c)
{
    int r = strv_add(&c->argv, "sh");

    if (r == 0 && f->text)
        r = strv_add(&c->argv, "-c");
    if (r == 0 && f->text)
        r = strv_add(&c->argv, f->text);
    if (r == 0 && f->text)
        r = strv_add(&c->argv, "sh");
    for (size_t i = 0; r == 0 && f->text && i < ARRAY_SIZE(f->args) && f->args[i]; i++)
        r = strv_add(&c->argv, f->args[i]);
    c->timeout_ms = f->timeout_ms;
    return r < 0 ? r : buf_add_span(&c->input, f->input);
}

/* What a program said first is about what went wrong. */
static int failed(struct stager *s, const struct outcome *o, struct error *e)
{
    struct span rest = buf_span(&o->err), line = SPAN_LIT("");

    while (span_next_line(&rest, &line) && !memmem(line.data, line.len, ": ", 2))
        ;
    return error_set(e, -EIO, "%s said: %.*s", s->cluster->host,
                     (int)(line.len < 200 ? line.len : 200), line.data);
}

int stager_run(struct stager *s, const struct far_script *f, struct buf *out, int *status,
               struct error *e)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    int r = say_script(f, &c);

    r = r < 0 ? r : s->cluster->transport->run(s->transport, &c, &o, e);
    if (r != 0)
        return r;
    if (status)
        *status = o.status;
    if (o.status && (!status || o.status == 1))
        return failed(s, &o, e);
    return out ? buf_add_span(out, buf_span(&o.out)) : 0;
}
