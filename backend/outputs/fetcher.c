/*
 * fetcher.c - the threads that bring the outputs of one cluster's jobs
 *
 * A few jobs at a time, so that a large one holds up no small ones, each from the beginning: what
 * is here already is not fetched twice, and what was copied is replaced. Nothing is remembered: who
 * sent a job that is not over when the daemon ends sends it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/thread.h"

#include "parts.h"

#define TELL_NS (NS_PER_S / 2)

/* How it went with one job. */
struct tally {
    uint32_t     brought, copied, failed;
    struct error first; /* of what failed */
};

static void order_free(struct order *o)
{
    for (size_t i = 0; i < o->n; i++) {
        free(o->rules[i].glob);
        free(o->rules[i].to);
    }
    free(o->rules);
    free(o);
}

bool hand_goes_on(struct hand *h)
{
    struct fetcher *f = h->fetcher;
    bool            on;

    pthread_mutex_lock(&f->lock);
    on = !f->stop && !h->dropped;
    pthread_mutex_unlock(&f->lock);
    return on;
}

static void note_failure(struct tally *t, const struct error *e)
{
    if (t->failed++ == 0)
        t->first = *e;
}

static void say_far(struct fetcher *f, const struct found *file, struct error *e)
{
    if (file->r == -EFBIG)
        error_set(e, file->r, "%s is larger than half of mirror_size, and so is fetched when it is "
                  "read, or copied with \"to\"", file->path);
    else if (file->r == -EHOSTUNREACH)
        error_set(e, file->r, "%s was not fetched: cluster %s cannot be reached", file->path,
                  f->cluster->name);
    else
        error_set(e, file->r, "%s was not fetched from cluster %s: %s", file->path,
                  f->cluster->name, strerror(-file->r));
}

static void copy_all(struct hand *h, const struct order *o, int dir, struct found *file,
                     struct tally *t)
{
    bool failed = false, copied = false;

    for (size_t i = 0; i < o->n && !failed; i++) {
        struct error e = ERROR_INIT;

        if (!o->rules[i].to || !outputs_match(o->rules[i].glob, file->path))
            continue;
        failed = copy_out(h, o, dir, file, &o->rules[i], &e) < 0;
        if (failed)
            note_failure(t, &e);
        else
            t->copied++;
        copied = true;
    }
    if (file->r < 0 && !copied) {
        struct error e = ERROR_INIT;

        say_far(h->fetcher, file, &e);
        note_failure(t, &e);
        failed = true;
    }
    t->brought += !failed;
}

static void tell_progress(struct hand *h, const struct order *o, const struct finds *fs,
                          const struct tally *t, int64_t *told_ns)
{
    struct fetcher *f = h->fetcher;

    if (clock_mono_ns() - *told_ns < TELL_NS || !hand_goes_on(h))
        return;
    *told_ns = clock_mono_ns();
    f->tell(f->arg, &(struct outputs_news){
                        .id = o->id, .files = (uint32_t)fs->n, .files_done = t->brought });
}

static void bring_all(struct hand *h, const struct order *o, int dir, struct finds *fs,
                      struct tally *t)
{
    int64_t told_ns = clock_mono_ns();

    if (h->fetcher->results)
        pull_all(h, o, fs);
    for (size_t i = 0; i < fs->n && hand_goes_on(h); i++) {
        struct error e = ERROR_INIT;

        if (fs->v[i].r < 0 && fs->v[i].r != -EFBIG) {
            say_far(h->fetcher, &fs->v[i], &e);
            note_failure(t, &e);
            continue;
        }
        copy_all(h, o, dir, &fs->v[i], t);
        tell_progress(h, o, fs, t, &told_ns);
    }
}

/* The job's files/: its own on this machine, or the mirror's. */
static int open_files(struct fetcher *f, const struct order *o)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    const char *root = f->results ? f->cluster->mirror : f->cluster->root;
    int         fd, r = buf_printf(&path, "%s/%s/files", root, o->token);

    if (r < 0)
        return r;
    fd = open(path.data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The sentence; false: it is of trouble. */
static bool say(const struct order *o, const struct finds *fs, const struct tally *t,
                struct error *out)
{
    if (t->failed) {
        error_set(out, 0, "%u of its %zu output files were not brought: %s", t->failed, fs->n,
                  t->first.text);
        return false;
    }
    if (fs->trouble) {
        error_set(out, 0, "not all of its outputs were brought: %s", fs->trouble);
        return false;
    }
    for (size_t i = 0; i < o->n; i++)
        if (!o->rules[i].met) {
            error_set(out, 0, "none of its files matches the output \"%s\"", o->rules[i].glob);
            return false;
        }
    error_set(out, 0, "%zu output file%s brought, %u cop%s made%s", fs->n, fs->n == 1 ? "" : "s",
              t->copied, t->copied == 1 ? "y" : "ies",
              fs->links ? "; links were left out" : "");
    return true;
}

static void bring(struct hand *h, struct order *o)
{
    struct fetcher     *f = h->fetcher;
    struct outputs_news news = { .id = o->id, .over = true, .said = ERROR_INIT };
    _cleanup_(fdp) int  dir = open_files(f, o);
    struct finds        fs = { 0 };
    struct tally        t = { .first = ERROR_INIT };
    int                 r = dir < 0 ? dir : finds_make(&fs, dir, o);

    if (r == 0)
        bring_all(h, o, dir, &fs, &t);
    if (r < 0 && r != -ENOENT)
        error_set(&news.said, r, "its outputs were not brought: %s", strerror(-r));
    else
        news.whole = say(o, &fs, &t, &news.said);
    news.files = (uint32_t)fs.n;
    news.files_done = t.brought;
    finds_release(&fs);
    if (hand_goes_on(h))
        f->tell(f->arg, &news);
}

/* [locked] Whether a hand is at that job, which may have been dropped and sent again. */
static bool is_at_hand(const struct fetcher *f, job_id id)
{
    for (unsigned i = 0; i < HANDS; i++)
        if (f->hands[i].at == id)
            return true;
    return false;
}

/* [locked] The next one that no hand is at, off the list; NULL: there is none. */
static struct order *next_order(struct fetcher *f)
{
    struct order **at = &f->first, *o;

    while (*at && is_at_hand(f, (*at)->id))
        at = &(*at)->next;
    o = *at;
    if (o) {
        *at = o->next;
        if (!*at)
            f->end = at;
    }
    return o;
}

static struct order *take(struct hand *h)
{
    struct fetcher *f = h->fetcher;
    struct order   *o = NULL;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !(o = next_order(f)))
        pthread_cond_wait(&f->more, &f->lock);
    if (o) {
        h->at = o->id;
        h->dropped = false;
    }
    pthread_mutex_unlock(&f->lock);
    return o;
}

static void *work(void *arg)
{
    struct hand  *h = arg;
    struct order *o;

    while ((o = take(h))) {
        bring(h, o);
        pthread_mutex_lock(&h->fetcher->lock);
        h->at = 0;
        pthread_cond_broadcast(&h->fetcher->more);
        pthread_mutex_unlock(&h->fetcher->lock);
        order_free(o);
    }
    return NULL;
}

static int start_hand(struct fetcher *f)
{
    struct hand *h = &f->hands[f->n_hands];
    int          r;

    h->fetcher = f;
    r = thread_start(&h->thread, work, h);
    f->n_hands += r == 0;
    return r;
}

/* [locked] */
static bool all_are_busy(const struct fetcher *f)
{
    for (unsigned i = 0; i < f->n_hands; i++)
        if (!f->hands[i].at)
            return false;
    return true;
}

static void destroy(struct fetcher *f)
{
    for (struct order *o = f->first, *next; o; o = next) {
        next = o->next;
        order_free(o);
    }
    pthread_cond_destroy(&f->more);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void init(struct fetcher *f)
{
    pthread_mutex_init(&f->lock, NULL);
    thread_cond_init(&f->more);
    f->end = &f->first;
}

int fetcher_start(struct fetcher **fp, const struct cluster *c, struct results *results,
                  outputs_tell *tell, void *arg, struct error *e)
{
    struct fetcher *f = calloc(1, sizeof(*f));
    int             r;

    if (!f)
        return error_set(e, -ENOMEM, "out of memory");
    init(f);
    f->cluster = c;
    f->results = results;
    f->tell = tell;
    f->arg = arg;
    r = start_hand(f);
    if (r < 0) {
        destroy(f);
        return error_set(e, r, "no thread can be started: %s", strerror(-r));
    }
    *fp = f;
    return 0;
}

/* "~/results" is below the home directory. */
static char *destination(const char *to)
{
    const char *home = getenv("HOME");
    char       *path = NULL;

    if (to[0] != '~')
        return strdup(to);
    return asprintf(&path, "%s%s", home ? home : "", to + 1) < 0 ? NULL : path;
}

static int copy_rules(struct order *o, const struct spec *spec)
{
    o->rules = calloc(spec->n_outputs, sizeof(*o->rules));
    if (!o->rules)
        return -ENOMEM;
    for (; o->n < spec->n_outputs; o->n++) {
        const struct spec_output *from = &spec->outputs[o->n];
        struct rule              *to = &o->rules[o->n];

        to->glob = strdup(from->glob);
        to->to = from->to ? destination(from->to) : NULL;
        if (!to->glob || (from->to && !to->to)) {
            o->n++;
            return -ENOMEM;
        }
    }
    return 0;
}

int fetcher_send(struct fetcher *f, const struct outputs_job *job)
{
    struct order *o = calloc(1, sizeof(*o));
    bool          busy;

    if (!o)
        return -ENOMEM;
    o->id = job->id;
    strncpy(o->token, job->token, sizeof(o->token) - 1);
    if (copy_rules(o, job->spec) < 0) {
        order_free(o);
        return -ENOMEM;
    }
    pthread_mutex_lock(&f->lock);
    busy = f->first || all_are_busy(f);
    *f->end = o;
    f->end = &o->next;
    pthread_cond_broadcast(&f->more);
    pthread_mutex_unlock(&f->lock);
    /* Without another one it waits for those that there are. */
    if (busy && f->n_hands < HANDS)
        (void)!start_hand(f);
    return 0;
}

void fetcher_drop(struct fetcher *f, job_id id)
{
    struct order *dropped = NULL;

    pthread_mutex_lock(&f->lock);
    for (unsigned i = 0; i < f->n_hands; i++)
        f->hands[i].dropped |= f->hands[i].at == id;
    for (struct order **at = &f->first; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            dropped = *at;
            *at = dropped->next;
            break;
        }
    f->end = &f->first;
    while (*f->end)
        f->end = &(*f->end)->next;
    pthread_cond_broadcast(&f->more);
    pthread_mutex_unlock(&f->lock);
    if (dropped)
        order_free(dropped);
}

void fetcher_stop(struct fetcher *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_broadcast(&f->more);
    pthread_mutex_unlock(&f->lock);
    for (unsigned i = 0; i < f->n_hands; i++)
        pthread_join(f->hands[i].thread, NULL);
    destroy(f);
}
