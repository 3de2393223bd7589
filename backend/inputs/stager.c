/*
 * stager.c - the thread that brings the inputs of one cluster's jobs
 *
 * One job after the other, each as often as it takes: what was brought stays there, so after a
 * broken link it goes on where it was. Its connection is made when there is something to bring and
 * ended when there was nothing for a while. It never tries while the cluster's worker says that
 * there is no way to it, and not again by itself after a refused login.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/thread.h"

#include "parts.h"

#define IDLE_MS 5000
#define TELL_NS (NS_PER_S / 2)
#define AGAIN_NS NS_PER_S
#define AGAIN_MAX_SHIFT 5
#define CHANGED_MAX 3 /* how often files may change while they are sent, before it waits */

static void order_free(struct stage_order *o)
{
    free(o->dir);
    strv_release(&o->inputs);
    free(o);
}

static void append(struct stager *s, struct letter *l)
{
    struct letter **end = &s->waiting;

    while (*end)
        end = &(*end)->next;
    l->next = NULL;
    *end = l;
}

static void drop_waiting(struct stager *s, job_id id)
{
    for (struct letter **at = &s->waiting; *at; at = &(*at)->next) {
        struct stage_order *o = container_of(*at, struct stage_order, letter);

        if (o->id == id) {
            *at = o->letter.next;
            order_free(o);
            return;
        }
    }
}

static void go_now(struct stager *s)
{
    s->refused = false;
    s->failures = 0;
    s->retry_ns = 0;
}

static void take_letter(struct stager *s, struct stage_order *o)
{
    switch (o->kind) {
    case STAGE_JOB:
        append(s, &o->letter);
        return;
    case STAGE_DROP:
        s->dropped = s->dropped || o->id == s->news.id;
        drop_waiting(s, o->id);
        break;
    case STAGE_UP:
        s->up = true;
        go_now(s);
        break;
    case STAGE_DOWN:
        s->up = false;
        break;
    case STAGE_WAKE:
        break;
    }
    order_free(o);
}

static void take_letters(struct stager *s)
{
    for (struct letter *l = mailbox_take(s->box), *next; l; l = next) {
        next = l->next;
        take_letter(s, container_of(l, struct stage_order, letter));
    }
}

bool stager_goes_on(struct stager *s)
{
    take_letters(s);
    return !s->dropped && !stager_is_stopped(s);
}

static void tell(struct stager *s, enum stage_is is, const struct error *why)
{
    s->news.is = is;
    s->news.why = why ? *why : (struct error)ERROR_INIT;
    s->told_ns = clock_mono_ns();
    if (!s->dropped)
        s->tell(s->arg, &s->news);
}

void stager_count(struct stager *s, uint32_t files, uint64_t bytes)
{
    s->news.files_done += files;
    s->news.bytes_done += bytes;
    if (clock_mono_ns() - s->told_ns >= TELL_NS)
        tell(s, STAGE_GOES_ON, NULL);
}

/*
 * One job
 */

static int job_path(const struct stager *s, const char *token, const char *name, struct buf *path)
{
    return buf_printf(path, "%s/%s/%s", s->cluster->root, token, name);
}

static int was_brought(struct stager *s, const struct stage_order *o, bool *there, struct error *e)
{
    _cleanup_(bufp) struct buf mark = BUF_INIT, said = BUF_INIT;
    struct far_script f = { .text = "[ ! -f \"$1\" ] || echo there", .args = { 0 } };
    int r = job_path(s, o->token, THERE_MARK, &mark);

    if (r == 0 && s->cluster->transport->here) {
        *there = access(mark.data, F_OK) == 0;
        return 0;
    }
    f.args[0] = mark.data;
    r = r < 0 ? r : stager_run(s, &f, &said, NULL, e);
    *there = r == 0 && span_is(buf_span(&said), "there\n");
    return r;
}

/* The directory first: it becomes files/, and the others are put into that. */
static int move_dir(struct stager *s, const struct stage_order *o, struct error *e)
{
    _cleanup_(bufp) struct buf files = BUF_INIT;
    int r;

    if (!o->dir)
        return 0;
    r = job_path(s, o->token, "files", &files);
    r = r < 0 ? r : s->cluster->transport->move_in(s->transport, o->dir, files.data, e);
    return r == -EINVAL || r == -ESTALE || r == -ECANCELED ? -EIO : r;
}

static int bring(struct stager *s, const struct stage_order *o, struct error *e)
{
    _cleanup_(planp) struct plan p = PLAN_INIT;
    int r = plan_make(&p, &o->inputs, e);

    if (r < 0)
        return r;
    s->news.files = p.files;
    s->news.bytes = p.bytes;
    s->news.files_done = 0;
    s->news.bytes_done = 0;
    tell(s, STAGE_GOES_ON, NULL);
    if (s->cluster->transport->here)
        return place_here(s, o->token, &p, e);
    r = store_fill(s, &p, e);
    hashes_save(&s->hashes);
    return r != 0 ? r : place_far(s, o->token, &p, e);
}

static int stage(struct stager *s, const struct stage_order *o, struct error *e)
{
    bool there = false;
    int  r = stager_reach(s, e);

    r = r != 0 ? r : was_brought(s, o, &there, e);
    if (r != 0 || there)
        return r;
    r = move_dir(s, o, e);
    for (int i = 0; r == 0 || (r == -ESTALE && i < CHANGED_MAX); i++)
        if ((r = bring(s, o, e)) == 0)
            break;
    return r;
}

/* Not now. Whose turn it is next time is another one, if there is one. */
static void later(struct stager *s, struct stage_order *o, int r, struct error *e)
{
    unsigned shift = s->failures < AGAIN_MAX_SHIFT ? s->failures : AGAIN_MAX_SHIFT;

    if (!e->text[0])
        error_set(e, r, "%s", r < 0 ? strerror(-r) : "the connection broke");
    if (r > 0)
        stager_hang_up(s);
    s->refused = r == TRANSPORT_E_LOGIN;
    s->failures++;
    s->retry_ns = clock_mono_ns() + (AGAIN_NS << shift);
    tell(s, STAGE_GOES_ON, e);
    append(s, &o->letter);
}

static void try_one(struct stager *s)
{
    struct stage_order *o = container_of(s->waiting, struct stage_order, letter);
    struct error        e = ERROR_INIT;
    int                 r;

    s->waiting = o->letter.next;
    s->dropped = false;
    s->news = (struct stage_news){ .id = o->id };
    s->retry_ns = 0;
    r = stage(s, o, &e);
    if (r == 0)
        tell(s, STAGE_DONE, NULL);
    else if (r == -EINVAL)
        tell(s, STAGE_REFUSED, &e);
    else if (!stager_goes_on(s))
        r = 0;
    else
        later(s, o, r, &e);
    s->news.id = 0;
    if (r == 0 || r == -EINVAL) {
        s->failures = 0;
        order_free(o);
    }
}

static bool may_try(const struct stager *s)
{
    return s->waiting && s->up && !s->refused && s->retry_ns <= clock_mono_ns();
}

static void wait_more(struct stager *s)
{
    struct pollfd p = { .fd = mailbox_fd(s->box), .events = POLLIN };
    bool          soon = s->waiting && s->up && !s->refused;
    int64_t       left = (s->retry_ns - clock_mono_ns() + NS_PER_MS - 1) / NS_PER_MS;
    int           ms = soon ? (left < 0 ? 0 : (int)left) : s->transport ? IDLE_MS : -1;

    if (poll(&p, 1, ms) == 0 && !soon)
        stager_hang_up(s);
}

static void *work(void *arg)
{
    struct stager *s = arg;

    while (!stager_is_stopped(s)) {
        take_letters(s);
        if (may_try(s))
            try_one(s);
        else if (!stager_is_stopped(s))
            wait_more(s);
    }
    stager_hang_up(s);
    return NULL;
}

/*
 * What the engine calls
 */

static void destroy(struct stager *s)
{
    take_letters(s);
    while (s->waiting) {
        struct stage_order *o = container_of(s->waiting, struct stage_order, letter);

        s->waiting = o->letter.next;
        order_free(o);
    }
    mailbox_destroy(s->box);
    hashes_release(&s->hashes);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int stager_start(struct stager **sp, const struct cluster *c, const char *memory, bool up,
                 stage_tell *fn, void *arg, struct error *e)
{
    struct stager *s = calloc(1, sizeof(*s));
    int            r = s ? mailbox_create(&s->box) : -ENOMEM;

    if (r < 0) {
        free(s);
        return error_set(e, r, "its inputs cannot be brought: %s", strerror(-r));
    }
    pthread_mutex_init(&s->lock, NULL);
    s->cluster = c;
    s->tell = fn;
    s->arg = arg;
    s->up = up;
    hashes_load(&s->hashes, memory);
    r = thread_start(&s->thread, work, s);
    if (r < 0) {
        destroy(s);
        return error_set(e, r, "its inputs cannot be brought: %s", strerror(-r));
    }
    *sp = s;
    return 0;
}

int stager_send(struct stager *s, const struct stage_job *job)
{
    struct stage_order *o = calloc(1, sizeof(*o));
    int                 r;

    if (!o)
        return -ENOMEM;
    o->kind = STAGE_JOB;
    o->id = job->id;
    strncpy(o->token, job->token, sizeof(o->token) - 1);
    r = strv_copy(&o->inputs, job->inputs);
    if (r == 0 && job->dir && !(o->dir = strdup(job->dir)))
        r = -ENOMEM;
    if (r < 0)
        order_free(o);
    else
        mailbox_post(s->box, &o->letter);
    return r;
}

static void post(struct stager *s, int kind, job_id id)
{
    struct stage_order *o = calloc(1, sizeof(*o));

    /* Without memory for it more is brought than is needed, or later. */
    if (!o)
        return;
    o->kind = kind;
    o->id = id;
    mailbox_post(s->box, &o->letter);
}

void stager_drop(struct stager *s, job_id id)
{
    post(s, STAGE_DROP, id);
}

void stager_link(struct stager *s, bool up)
{
    post(s, up ? STAGE_UP : STAGE_DOWN, 0);
}

void stager_stop(struct stager *s)
{
    if (!s)
        return;
    __atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
    post(s, STAGE_WAKE, 0);
    pthread_mutex_lock(&s->lock);
    if (s->transport && s->cluster->transport->interrupt)
        s->cluster->transport->interrupt(s->transport);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    destroy(s);
}
