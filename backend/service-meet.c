/*
 * service-meet.c - the far clusters are met while somebody sits at the terminal
 *
 * Whoever mounts can type a password, and hears at once that a name is misspelt. So each far
 * cluster is visited before the daemon leaves: all at the same time, since the one that does not
 * answer must not keep the others, and with one voice, since there is one terminal: the visitors
 * hand their questions to the thread that called.
 */
#include "clustrixfs/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/met.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/thread.h"
#include "clustrixfs/transport.h"

/* Somebody waits for it; but it may be a login host that is busy. */
#define MEETING_TIMEOUT_MS 20000

/* One question at a time; who has one waits until the one before was answered. */
struct desk {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    const char     *prompt; /* NULL: there is no question */
    bool            secret, answered;
    char           *answer;
    size_t          visitors; /* that are still on their way */
};

struct visit {
    const struct config *config;
    struct cluster      *cluster;
    struct desk         *desk;
    pthread_t            thread;
    bool                 started;
    int                  r; /* as of transport_ops.connect() and met_keep() */
    struct error         e;
};

/* A transport_asker, in the visitor's thread. */
static char *ask_at_desk(void *arg, const char *prompt, bool secret)
{
    struct desk *d = ((struct visit *)arg)->desk;
    char        *answer;

    pthread_mutex_lock(&d->lock);
    while (d->prompt)
        pthread_cond_wait(&d->changed, &d->lock);
    d->prompt = prompt;
    d->secret = secret;
    d->answered = false;
    pthread_cond_broadcast(&d->changed);
    while (!d->answered)
        pthread_cond_wait(&d->changed, &d->lock);
    answer = STEAL(d->answer);
    d->prompt = NULL;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    return answer;
}

/* Answer until all visitors are back. A person is not waited for with the lock held. */
static void attend(struct desk *d, const struct service_person *person)
{
    pthread_mutex_lock(&d->lock);
    while (d->visitors > 0) {
        if (d->prompt && !d->answered) {
            const char *prompt = d->prompt;
            bool        secret = d->secret;

            pthread_mutex_unlock(&d->lock);
            char *answer = person->ask(person->arg, prompt, secret);
            pthread_mutex_lock(&d->lock);
            d->answer = answer;
            d->answered = true;
            pthread_cond_broadcast(&d->changed);
        } else {
            pthread_cond_wait(&d->changed, &d->lock);
        }
    }
    pthread_mutex_unlock(&d->lock);
}

/*
 * One visit.
 */
static int hear(struct visit *v, struct transport *t)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct meeting                     m = { 0 };
    int                                r = meeting_say(v->cluster, &c);

    c.timeout_ms = MEETING_TIMEOUT_MS;
    if (r == 0)
        r = v->cluster->transport->run(t, &c, &o, &v->e);
    if (r == 0)
        r = meeting_hear(v->cluster, &o, &m, &v->e);
    return r == 0 ? met_keep(v->config, v->cluster, &m, &v->e) : r;
}

static int visit(struct visit *v)
{
    const struct transport_ops *ops = v->cluster->transport;
    struct transport           *t = NULL;
    int r = ops->login ? ops->login(v->cluster, ask_at_desk, v, &v->e) : 0;

    if (r == 0)
        r = ops->open(&t, v->cluster, &v->e);
    if (r == 0 && ops->connect)
        r = ops->connect(t, &v->e);
    if (r == 0)
        r = hear(v, t);
    if (t)
        ops->close(t);
    return r;
}

static void *visit_thread(void *arg)
{
    struct visit *v = arg;

    v->r = visit(v);
    if (v->r < 0 && !v->e.text[0])
        error_set(&v->e, v->r, "%s", strerror(-v->r));
    pthread_mutex_lock(&v->desk->lock);
    v->desk->visitors--;
    pthread_cond_broadcast(&v->desk->changed);
    pthread_mutex_unlock(&v->desk->lock);
    return NULL;
}

static void start(struct visit *v)
{
    int r;

    pthread_mutex_lock(&v->desk->lock);
    v->desk->visitors++;
    r = thread_start(&v->thread, visit_thread, v);
    v->started = r == 0;
    if (r < 0) {
        v->r = error_set(&v->e, r, "cannot start a thread: %s", strerror(-r));
        v->desk->visitors--;
    }
    pthread_mutex_unlock(&v->desk->lock);
}

/*
 * All of them.
 */

/* What came of it, as a sentence; whether it is a reason not to mount. */
static bool is_reason(const struct config *c, const struct visit *v)
{
    bool later = v->r == TRANSPORT_E_NOT_RUN || v->r == TRANSPORT_E_UNKNOWN;

    return v->r != 0 && !later && c->named && v->cluster == &c->clusters[0];
}

static const char *what_now(const struct visit *v)
{
    if (v->r == TRANSPORT_E_LOGIN)
        return "jobs for it wait until you mount again or write connect to its ctl";
    return v->cluster->met ? "what is known of it can be read, and jobs wait until it answers"
                           : "it was never met, and jobs for it wait until it is";
}

static void tell(const struct visit *v, const struct service_person *person)
{
    _cleanup_(bufp) struct buf sentence = BUF_INIT;

    if (v->r == 0)
        return;
    buf_printf(&sentence, "cluster %s: %s; %s", v->cluster->name, v->e.text, what_now(v));
    person->tell(person->arg, sentence.data);
}

static bool is_met(const struct cluster *c)
{
    return !c->host || (c->met && !c->transport->login);
}

static int settle(const struct config *c, const struct visit *v, size_t n,
                  const struct service_person *person, struct error *e)
{
    int r = 0;

    for (size_t i = 0; i < n; i++) {
        if (is_reason(c, &v[i]))
            r = error_set(e, v[i].r < 0 ? v[i].r : -EACCES, "cluster %s: %s", v[i].cluster->name,
                          v[i].e.text);
        else
            tell(&v[i], person);
    }
    return r;
}

int service_meet(struct config *c, const struct service_person *person, struct error *e)
{
    struct desk   desk = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    struct visit *v = calloc(c->n_clusters, sizeof(*v));
    size_t        n = 0;
    int           r;

    if (!v)
        return error_set(e, -ENOMEM, "out of memory");
    for (size_t i = 0; i < c->n_clusters; i++) {
        if (is_met(&c->clusters[i]))
            continue;
        v[n] = (struct visit){ .config = c, .cluster = &c->clusters[i], .desk = &desk };
        start(&v[n++]);
    }
    attend(&desk, person);
    for (size_t i = 0; i < n; i++)
        if (v[i].started)
            pthread_join(v[i].thread, NULL);
    r = settle(c, v, n, person, e);
    free(v);
    return r;
}

int service_accept_hostkey(const struct config *c, const struct service_person *person,
                           struct error *e)
{
    const struct cluster *cluster = &c->clusters[0];
    int                   r;

    if (!cluster->host)
        return error_set(e, -EINVAL, "the cluster \"%s\" is this machine", cluster->name);
    r = ssh_accept_hostkey(cluster, person->ask, person->arg, e);
    return r > 0 ? -EACCES : r;
}
