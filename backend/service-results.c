/*
 * service-results.c - the files of far jobs, for who asks by job or by path
 *
 * A path tells by itself in which cluster's mirror it lies, so that reading needs no look at the
 * jobs and may be done by any thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/record.h"
#include "clustrixfs/results.h"
#include "clustrixfs/transport.h"

#include "service-parts.h"

#define LOOKED_MAX 4096

/* What a cluster's results call back with. */
struct far {
    struct service *s;
    unsigned        cluster;
};

/* A token that the mount has shown something of, so that a change of it is news. */
struct looked {
    char   token[JOB_TOKEN_LEN + 1];
    job_id whole;
};

static const char *const file_names[] = {
    [JOB_STDOUT] = "stdout", [JOB_STDERR] = "stderr", [JOB_FILES] = "files"
};

static job_id looked_find(struct service *s, const char *token)
{
    job_id id = 0;

    pthread_mutex_lock(&s->looked_lock);
    for (size_t i = 0; i < s->n_looked && id == 0; i++)
        if (strcmp(s->looked[i].token, token) == 0)
            id = s->looked[i].whole;
    pthread_mutex_unlock(&s->looked_lock);
    return id;
}

/* The oldest give way: nobody has looked at them for long. [looked_lock] */
static void looked_add(struct service *s, const char *token, job_id whole)
{
    for (size_t i = 0; i < s->n_looked; i++)
        if (s->looked[i].whole == whole)
            return;
    if (s->n_looked == LOOKED_MAX)
        memmove(s->looked, s->looked + 1, --s->n_looked * sizeof(*s->looked));
    if (s->n_looked == s->looked_alloc) {
        size_t         alloc = s->looked_alloc ? s->looked_alloc * 2 : 16;
        struct looked *more = reallocarray(s->looked, alloc, sizeof(*more));

        if (!more)
            return;
        s->looked = more;
        s->looked_alloc = alloc;
    }
    memcpy(s->looked[s->n_looked].token, token, JOB_TOKEN_LEN + 1);
    s->looked[s->n_looked++].whole = whole;
}

/* A path in a run's directory is of one element; any other one is of them all. */
static void on_results(void *arg, const char *token, const char *path)
{
    struct far *far = arg;
    const char *slash = strchr(path, '/');
    job_id      id = looked_find(far->s, token);
    uint32_t    element, attempt;

    if (id == 0 || !far->s->watcher)
        return;
    if (slash && run_name_parse((struct span){ path, (size_t)(slash - path) }, &element,
                                &attempt) == 0)
        id = JOB_ID(JOB_NUMBER(id), element);
    far->s->watcher(far->s->watcher_arg, id, CHANGE_JOB_FILES);
}

int service_results_open(struct service *s, struct error *e)
{
    size_t n = s->config->n_clusters;
    int    r = 0;

    pthread_mutex_init(&s->looked_lock, NULL);
    s->results = calloc(n, sizeof(*s->results));
    s->far = calloc(n, sizeof(*s->far));
    if (!s->results || !s->far)
        return -ENOMEM;
    for (unsigned i = 0; r == 0 && i < n; i++) {
        const struct cluster *c = &s->config->clusters[i];

        s->far[i] = (struct far){ s, i };
        if (!c->transport->here && c->mirror)
            r = results_open(&s->results[i], c, on_results, &s->far[i], e);
    }
    return r;
}

void service_results_close(struct service *s)
{
    for (size_t i = 0; s->results && i < s->config->n_clusters; i++)
        results_close(s->results[i]);
    free(s->results);
    free(s->far);
    free(s->looked);
    pthread_mutex_destroy(&s->looked_lock);
}

void service_far_stop(struct service *s)
{
    for (size_t i = 0; i < s->config->n_clusters; i++)
        if (s->results[i])
            results_stop(s->results[i]);
}

/* An array has no run of its own; its files/ come with any. `attempt` 0: the newest. */
static void run_of(const struct job_view *v, uint32_t attempt, char run[RUN_NAME_MAX])
{
    if (!attempt)
        attempt = v->attempt ? v->attempt : 1;
    run_name(run, v->elements ? 0 : JOB_ELEMENT(v->id), attempt);
}

static void look_at(struct service *s, const struct cluster *c, const struct job_view *v,
                    uint32_t attempt)
{
    char run[RUN_NAME_MAX];

    pthread_mutex_lock(&s->looked_lock);
    looked_add(s, v->token, JOB_WHOLE(v->id));
    pthread_mutex_unlock(&s->looked_lock);
    run_of(v, attempt, run);
    results_look(s->results[c->index], v->token, run);
}

static bool is_past(const struct job_view *v, uint32_t attempt)
{
    return attempt && attempt < v->attempt;
}

void service_look(struct service *s, job_id id)
{
    _cleanup_(viewp) struct job_view *v = board_view(s->board, id);
    const struct cluster *c = v ? config_cluster(s->config, v->cluster) : NULL;

    if (c && s->results[c->index] && !job_ended(v->state))
        look_at(s, c, v, 0);
}

void service_far_removed(struct service *s, job_id id)
{
    _cleanup_(viewp) struct job_view *v = service_job(s, id);
    const struct cluster *c = v ? config_cluster(s->config, v->cluster) : NULL;
    char                  run[RUN_NAME_MAX];

    if (!c || !s->results[c->index])
        return;
    run_of(v, 0, run);
    results_restore(s->results[c->index], v->token, run);
}

int service_mirror_path(struct service *s, const struct cluster *c, const struct job_view *v,
                        uint32_t attempt, enum job_file what, struct buf *out)
{
    char run[RUN_NAME_MAX];
    int  r;

    if (!s->results[c->index])
        return -EREMOTE;
    if (!job_ended(v->state))
        look_at(s, c, v, 0);
    if (what == JOB_FILES)
        return buf_printf(out, "%s/%s/%s", c->mirror, v->token, file_names[what]);
    if (!v->attempt || v->elements)
        return -ENOENT;
    run_of(v, attempt, run);
    r = buf_printf(out, "%s/%s/%s/%s", c->mirror, v->token, run, file_names[what]);
    /* What was left while the link was down may not have been heard of. */
    if (r == 0 && is_past(v, attempt) && access(out->data, F_OK))
        look_at(s, c, v, attempt);
    return r;
}

/* Whose mirror the path lies in; what is left of it is TOKEN/... */
static struct results *results_of(const struct service *s, const char *path, const char **below)
{
    for (size_t i = 0; i < s->config->n_clusters; i++) {
        const char *mirror = s->config->clusters[i].mirror;
        size_t      len = mirror ? strlen(mirror) : 0;

        if (s->results[i] && strncmp(path, mirror, len) == 0 && path[len] == '/') {
            *below = path + len + 1;
            return s->results[i];
        }
    }
    return NULL;
}

bool service_is_far(const struct service *s, const char *path)
{
    const char *below;

    return results_of(s, path, &below) != NULL;
}

ssize_t service_far_read(struct service *s, const char *path, int fd, void *data, size_t size,
                         off_t off)
{
    const char     *below;
    struct results *r = results_of(s, path, &below);

    return r ? results_read(r, fd, data, size, off) : -EREMOTE;
}

void service_far_stat(const struct service *s, const char *path, struct stat *st)
{
    const char     *below;
    struct results *r = results_of(s, path, &below);

    if (r)
        results_stat(r, st);
}

struct far_want {
    service_done *done;
    void         *arg;
};

static void want_done(void *arg, int r)
{
    _cleanup_(freep) struct far_want *want = arg;

    want->done(want->arg, r, NULL);
}

void service_far_want(struct service *s, const char *path, off_t off, size_t size,
                      service_done *done, void *arg)
{
    const char      *below = "", *slash;
    struct results  *r = results_of(s, path, &below);
    struct far_want *want = malloc(sizeof(*want));
    char             token[JOB_TOKEN_LEN + 1];

    slash = strchr(below, '/');
    if (!r || !want || !slash || slash - below != JOB_TOKEN_LEN) {
        free(want);
        done(arg, !want ? -ENOMEM : -ENOENT, NULL);
        return;
    }
    memcpy(token, below, JOB_TOKEN_LEN);
    token[JOB_TOKEN_LEN] = '\0';
    *want = (struct far_want){ done, arg };
    results_want(r, token, slash + 1, off, size, want_done, want);
}
