/*
 * fetcher.c - the thread that brings the outputs of one cluster's jobs
 *
 * One job after the other, each from the beginning: what is here already is not fetched twice, and
 * what was copied is replaced. Nothing is remembered: who sent a job that is not over when
 * the daemon ends sends it again.
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

bool fetcher_goes_on(struct fetcher *f)
{
    bool on;

    pthread_mutex_lock(&f->lock);
    on = !f->stop && !f->dropped;
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

static void copy_all(struct fetcher *f, const struct order *o, int dir, struct found *file,
                     struct tally *t)
{
    bool failed = false, copied = false;

    for (size_t i = 0; i < o->n && !failed; i++) {
        struct error e = ERROR_INIT;

        if (!o->rules[i].to || !outputs_match(o->rules[i].glob, file->path))
            continue;
        failed = copy_out(f, o, dir, file, &o->rules[i], &e) < 0;
        if (failed)
            note_failure(t, &e);
        else
            t->copied++;
        copied = true;
    }
    if (file->r < 0 && !copied) {
        struct error e = ERROR_INIT;

        say_far(f, file, &e);
        note_failure(t, &e);
        failed = true;
    }
    t->brought += !failed;
}

static void tell_progress(struct fetcher *f, const struct order *o, const struct finds *fs,
                          const struct tally *t, int64_t *told_ns)
{
    if (clock_mono_ns() - *told_ns < TELL_NS || !fetcher_goes_on(f))
        return;
    *told_ns = clock_mono_ns();
    f->tell(f->arg, &(struct outputs_news){
                        .id = o->id, .files = (uint32_t)fs->n, .files_done = t->brought });
}

static void bring_all(struct fetcher *f, const struct order *o, int dir, struct finds *fs,
                      struct tally *t)
{
    int64_t told_ns = clock_mono_ns();

    if (f->results)
        pull_all(f, o, fs);
    for (size_t i = 0; i < fs->n && fetcher_goes_on(f); i++) {
        struct error e = ERROR_INIT;

        if (fs->v[i].r < 0 && fs->v[i].r != -EFBIG) {
            say_far(f, &fs->v[i], &e);
            note_failure(t, &e);
            continue;
        }
        copy_all(f, o, dir, &fs->v[i], t);
        tell_progress(f, o, fs, t, &told_ns);
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

static void bring(struct fetcher *f, struct order *o)
{
    struct outputs_news news = { .id = o->id, .over = true, .said = ERROR_INIT };
    _cleanup_(fdp) int  dir = open_files(f, o);
    struct finds        fs = { 0 };
    struct tally        t = { .first = ERROR_INIT };
    int                 r = dir < 0 ? dir : finds_make(&fs, dir, o);

    if (r == 0)
        bring_all(f, o, dir, &fs, &t);
    if (r < 0 && r != -ENOENT)
        error_set(&news.said, r, "its outputs were not brought: %s", strerror(-r));
    else
        news.whole = say(o, &fs, &t, &news.said);
    news.files = (uint32_t)fs.n;
    news.files_done = t.brought;
    finds_release(&fs);
    if (fetcher_goes_on(f))
        f->tell(f->arg, &news);
}

static struct order *take(struct fetcher *f)
{
    struct order *o;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !f->first)
        pthread_cond_wait(&f->more, &f->lock);
    o = f->stop ? NULL : f->first;
    if (o) {
        f->first = o->next;
        if (!f->first)
            f->end = &f->first;
        f->at = o->id;
        f->dropped = false;
    }
    pthread_mutex_unlock(&f->lock);
    return o;
}

static void *work(void *arg)
{
    struct fetcher *f = arg;
    struct order   *o;

    while ((o = take(f))) {
        bring(f, o);
        pthread_mutex_lock(&f->lock);
        f->at = 0;
        pthread_mutex_unlock(&f->lock);
        order_free(o);
    }
    return NULL;
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
    pthread_condattr_t attr;

    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->more, &attr);
    pthread_condattr_destroy(&attr);
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
    r = thread_start(&f->thread, work, f);
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

    if (!o)
        return -ENOMEM;
    o->id = job->id;
    strncpy(o->token, job->token, sizeof(o->token) - 1);
    if (copy_rules(o, job->spec) < 0) {
        order_free(o);
        return -ENOMEM;
    }
    pthread_mutex_lock(&f->lock);
    *f->end = o;
    f->end = &o->next;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
    return 0;
}

void fetcher_drop(struct fetcher *f, job_id id)
{
    struct order *dropped = NULL;

    pthread_mutex_lock(&f->lock);
    f->dropped = f->dropped || (id && f->at == id);
    for (struct order **at = &f->first; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            dropped = *at;
            *at = dropped->next;
            break;
        }
    f->end = &f->first;
    while (*f->end)
        f->end = &(*f->end)->next;
    pthread_cond_signal(&f->more);
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
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    destroy(f);
}
