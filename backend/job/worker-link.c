/*
 * worker-link.c - keeping a cluster in reach
 *
 * Only this decides when to connect: at once at the beginning and when somebody says so; after a
 * failure later each time, and never all daemons of the world in the same second. A cluster that
 * answers and will not have us is left alone until ctl connect, since a login that is refused every
 * minute gets its owner locked out.
 *
 * A new connection is greeted: what is the far side, is it the one we know, our program is put
 * there and its events are followed. Then the engine is told.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "clustrixfs/results.h"

#include "worker-parts.h"

#define BACKOFF_MAX_NS (60 * NS_PER_S)
#define BACKOFF_NS (NS_PER_S / 2)

static void tell(struct worker *w, const struct meeting *m)
{
    struct link_news *news = calloc(1, sizeof(*news));

    if (!news) {
        log_line(LOG_ERROR, "cluster=%s: out of memory: nobody is told of its connection",
                 w->cluster->name);
        return;
    }
    news->message.act = w->acts.link;
    news->cluster = w->cluster->index;
    news->state = w->link;
    if (m) {
        news->met = true;
        news->meeting = *m;
    }
    if (w->results)
        results_link(w->results, w->link.is == LINK_UP ? NULL : w->link.why);
    mailbox_post(w->answers, &news->message.letter);
}

static void enter(struct worker *w, enum link_is is, const char *why, const struct meeting *m)
{
    bool same = w->link.is == is && !strcmp(w->link.why, why);

    if (w->link.is != is)
        w->link.since_ns = clock_now_ns();
    w->link.is = is;
    strncpy(w->link.why, why, sizeof(w->link.why) - 1);
    if (same && !m)
        return;
    log_line(is == LINK_UP ? LOG_INFO : LOG_WARN, "cluster=%s: %s %s", w->cluster->name,
             is == LINK_UP ? "connected" : "cannot be used:", why);
    tell(w, m);
}

/* Twice as long each time, and up to a quarter more or less. */
static int64_t backoff_ns(unsigned failures)
{
    int64_t  ns = BACKOFF_NS << (failures < 8 ? failures : 8);
    uint32_t dice = 0;

    if (ns > BACKOFF_MAX_NS)
        ns = BACKOFF_MAX_NS;
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
        dice = UINT32_MAX / 2;
    return ns - ns / 4 + (int64_t)((double)dice / UINT32_MAX * (double)(ns / 2));
}

static void try_later(struct worker *w, const char *why)
{
    w->retry_ns = clock_mono_ns() + backoff_ns(w->failures++);
    enter(w, LINK_DOWN, why, NULL);
}

/* Which of its answers mean that trying again would not help. */
static int meet(struct worker *w, struct meeting *m, struct error *e)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    int r = meeting_say(w->cluster, &c);

    if (!r)
        r = w->cluster->transport->run(w->transport, &c, &o, e);
    if (r)
        return r;
    r = meeting_hear(w->cluster, &o, m, e);
    return r == -EINVAL ? TRANSPORT_E_LOGIN : r;
}

static int put_keeper(struct worker *w, const char *root, struct error *e)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int64_t begin = clock_mono_ns();
    int     r;

    buf_printf(&path, "%s/%s", root, far_keeper_name);
    r = buf_error(&path);
    if (!r)
        r = far_files_add(&files, path.data, 0700, span_str(far_keeper_text));
    if (!r)
        r = w->cluster->transport->put(w->transport, &files, e);
    w->link.round_trip_ns = clock_mono_ns() - begin;
    return r;
}

static int greet(struct worker *w, struct meeting *m, struct error *e)
{
    int r = meet(w, m, e);

    if (!r)
        r = put_keeper(w, m->root, e);
    if (r)
        return r;
    worker_follow(w, m->root);
    return w->follow_fd < 0 ? error_set(e, TRANSPORT_E_NOT_RUN, "its events cannot be followed")
                            : 0;
}

static bool pings(const struct worker *w)
{
    return w->link.is == LINK_UP && w->cluster->transport->connect &&
           __atomic_load_n(&w->watched, __ATOMIC_ACQUIRE);
}

/* The kernel notices a network that is gone; only an answer tells of a far side that hangs. */
static void ping(struct worker *w)
{
    _cleanup_(commandp) struct command c = { .input = BUF_INIT,
                                             .timeout_ms = w->cluster->alive_s * 1000 / 2 };
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error e = ERROR_INIT;

    if (!pings(w) || w->ping_ns > clock_mono_ns())
        return;
    link_heard(w);
    if (!strv_add(&c.argv, "true") && w->cluster->transport->run(w->transport, &c, &o, &e))
        link_lost(w, e.text);
    else
        worker_read_events(w); /* what came with the answer is announced by nothing else */
}

void link_heard(struct worker *w)
{
    w->ping_ns = clock_mono_ns() + w->cluster->alive_s * NS_PER_S / 2;
}

void link_try(struct worker *w)
{
    struct meeting m = { 0 };
    struct error   e = ERROR_INIT;
    int            r;

    ping(w);
    if (!w->retry_ns || w->retry_ns > clock_mono_ns())
        return;
    w->retry_ns = 0;
    r = w->cluster->transport->connect(w->transport, &e);
    if (!r)
        r = greet(w, &m, &e);
    if (!r) {
        w->failures = 0;
        link_heard(w);
        enter(w, LINK_UP, "", &m);
        return;
    }
    w->cluster->transport->disconnect(w->transport);
    if (!e.text[0])
        error_set(&e, r, "%s", r < 0 ? strerror(-r) : "it cannot be reached");
    if (r == TRANSPORT_E_LOGIN)
        enter(w, LINK_REFUSED, e.text, NULL);
    else
        try_later(w, e.text);
}

void link_lost(struct worker *w, const char *why)
{
    if (w->link.is != LINK_UP || !w->cluster->transport->connect)
        return;
    w->follow_fd = -1;
    buf_release(&w->tail);
    w->cluster->transport->disconnect(w->transport);
    w->failures = 0;
    try_later(w, why && *why ? why : "the connection was lost");
}

void link_want(struct worker *w, bool want)
{
    if (!w->cluster->transport->connect)
        return;
    w->failures = 0;
    w->retry_ns = want && w->link.is != LINK_UP ? clock_mono_ns() : 0;
    if (want)
        return;
    w->follow_fd = -1;
    w->cluster->transport->disconnect(w->transport);
    enter(w, LINK_OFF, "disconnected by its ctl; write connect to it to go on", NULL);
}

int link_wait_ms(const struct worker *w)
{
    int64_t when = w->retry_ns ? w->retry_ns : pings(w) ? w->ping_ns : 0, left;

    if (!when)
        return -1;
    left = (when - clock_mono_ns() + NS_PER_MS - 1) / NS_PER_MS;
    return left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

void link_begin(struct worker *w)
{
    w->link = (struct link_state){
        .is = w->cluster->transport->connect ? LINK_NEW : LINK_UP,
        .since_ns = clock_now_ns(),
    };
    if (w->cluster->transport->connect)
        w->retry_ns = clock_mono_ns();
    else
        worker_follow(w, w->cluster->root);
}
