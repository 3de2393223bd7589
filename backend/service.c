/*
 * service.c - the one door between the file system and the jobs
 *
 * What is live is answered from the board, what has ended from the reader, and every wish becomes a
 * message to the engine. No policy of its own.
 */
#include "clustrixfs/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/scheduler.h"
#include "clustrixfs/transport.h"

#include "service-parts.h"
#include "service-text.h"

int service_open(struct service **sp, const struct config *c, struct error *e)
{
    struct service *s = calloc(1, sizeof(*s));
    int             r;

    if (!s)
        return -ENOMEM;
    s->config = c;
    r = board_create(&s->board);
    if (!r)
        r = service_results_open(s, e);
    if (!r)
        r = engine_open(&s->engine, c, s->board, s->results, e);
    if (!r)
        r = reader_open(&s->reader, c->state_dir, e);
    if (r) {
        service_close(s);
        return r;
    }
    s->draft_id = reader_counter(s->reader, "draft");
    *sp = s;
    return 0;
}

void service_close(struct service *s)
{
    if (!s)
        return;
    service_drop_fresh(s, true);
    if (s->results)
        service_far_stop(s);
    if (s->engine)
        engine_close(s->engine);
    service_results_close(s);
    reader_close(s->reader);
    board_destroy(s->board);
    free(s);
}

void service_watch(struct service *s, service_changed *fn, void *arg)
{
    s->watcher = fn;
    s->watcher_arg = arg;
    engine_watch(s->engine, fn, arg);
}

/* Jobs */

struct job_view *service_job(struct service *s, job_id id)
{
    struct job_view *v = board_view(s->board, id);

    return v ? v : reader_job(s->reader, id);
}

bool service_brief(struct service *s, job_id id, struct job_brief *b)
{
    _cleanup_(viewp) struct job_view *v = NULL;

    if (!JOB_ELEMENT(id))
        return board_brief(s->board, id, b);
    v = board_view(s->board, id);
    if (!v)
        return reader_brief(s->reader, s->config, id, b);
    *b = board_brief_of(v, config_cluster(s->config, v->cluster)->index);
    return true;
}

size_t service_list(struct service *s, enum job_state state, int cluster, job_id after,
                    struct job_brief *v, size_t n)
{
    return board_list(s->board, state, cluster, after, v, n);
}

size_t service_list_elements(struct service *s, job_id whole, job_id after, struct job_brief *v,
                             size_t n)
{
    return reader_elements(s->reader, s->config, whole, after, v, n);
}

job_id service_latest(struct service *s)
{
    return board_latest(s->board);
}

void service_counts(struct service *s, uint64_t counts[JOB_STATE_COUNT])
{
    board_counts(s->board, counts);
}

/* The newest of those that the reader may not have yet, or 0. */
static job_id fresh_by_name(struct service *s, const char *name)
{
    job_id id = 0;

    for (const struct fresh *f = s->fresh; f; f = f->next) {
        _cleanup_(viewp) struct job_view *v = f->id > id ? board_view(s->board, f->id) : NULL;

        if (v && (!strcmp(v->name, name) || !strcmp(v->alias, name)))
            id = f->id;
    }
    return id;
}

job_id service_by_name(struct service *s, const char *name)
{
    job_id fresh = fresh_by_name(s, name), kept = reader_by_name(s->reader, name);

    return fresh > kept ? fresh : kept;
}

/* Its name, or (at the number after it, as the reader has it) the one it was submitted under. */
static job_id name_of_fresh(struct service *s, const struct fresh *f, job_id after,
                            struct buf *name)
{
    _cleanup_(viewp) struct job_view *v = board_view(s->board, f->id);
    const char *const names[] = { v ? v->name : "", v ? v->alias : "" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (f->id + i <= after || !*names[i] || reader_by_name(s->reader, names[i]))
            continue;
        buf_release(name);
        return buf_add_str(name, names[i]) ? 0 : f->id + i;
    }
    return 0;
}

/* Those that the reader does not have yet are newer than all that it has. */
static job_id fresh_name_after(struct service *s, job_id after, struct buf *name)
{
    const struct fresh *first = NULL;

    for (const struct fresh *f = s->fresh; f; f = f->next)
        if (f->id + 1 > after && (!first || f->id < first->id)) {
            _cleanup_(bufp) struct buf text = BUF_INIT;

            if (name_of_fresh(s, f, after, &text))
                first = f;
        }
    return first ? name_of_fresh(s, first, after, name) : 0;
}

job_id service_name_after(struct service *s, job_id after, struct buf *name)
{
    job_id kept = reader_name_after(s->reader, after, name);

    return kept ? kept : fresh_name_after(s, after, name);
}

int service_spec_text(struct service *s, job_id id, struct buf *out)
{
    for (const struct fresh *f = s->fresh; f; f = f->next)
        if (f->id == JOB_WHOLE(id))
            return buf_add_span(out, buf_span(&f->text));
    return reader_spec(s->reader, id, out);
}

int service_script_text(struct service *s, job_id id, struct buf *out)
{
    _cleanup_(bufp) struct buf spec = BUF_INIT;
    _cleanup_(viewp) struct job_view *v = service_job(s, id);
    const struct cluster *c = v ? config_cluster(s->config, v->cluster) : NULL;
    int                   r = c ? service_spec_text(s, id, &spec) : -ENOENT;

    return r ? r : text_script(v, c, buf_span(&spec), out);
}

int service_events_text(struct service *s, job_id id, uint32_t attempt, struct buf *out)
{
    return reader_events(s->reader, id, attempt, out);
}

uint32_t service_attempts(struct service *s, job_id id)
{
    _cleanup_(viewp) struct job_view *v = service_job(s, id);

    return v && !v->elements ? v->attempt : 0;
}

int service_attempt(struct service *s, job_id id, uint32_t attempt, int64_t *over_ns,
                    struct buf *reason)
{
    return reader_attempt(s->reader, id, attempt, over_ns, reason);
}

void service_control(struct service *s, job_id id, struct span words, service_done *done,
                     void *arg)
{
    engine_control(s->engine, id, words, done, arg);
}

void service_forget(struct service *s, job_id id, service_done *done, void *arg)
{
    engine_forget(s->engine, id, done, arg);
}

int service_local_path(struct service *s, job_id id, uint32_t attempt, enum job_file what,
                       struct buf *out)
{
    static const char *const files[] = { [JOB_STDOUT] = "stdout", [JOB_STDERR] = "stderr" };
    _cleanup_(viewp) struct job_view *v = service_job(s, id);
    const struct cluster *c = v ? config_cluster(s->config, v->cluster) : NULL;
    struct job_ref        ref;
    int                   r;

    if (!c)
        return -ENOENT;
    if (!c->transport->here)
        return service_mirror_path(s, c, v, attempt, what, out);
    if (what == JOB_FILES) {
        r = path_job(out, c, v->token);
        return r ? r : buf_add_str(out, "/files");
    }
    if (!v->attempt || v->elements)
        return -ENOENT;
    ref = (struct job_ref){ .id = id, .token = v->token, .native = "", .attempt = v->attempt };
    if (attempt)
        ref.attempt = attempt;
    return path_run(out, c, &ref, files[what]);
}

/* Clusters */

const struct config *service_config(const struct service *s)
{
    return s->config;
}

int service_cluster_state(struct service *s, unsigned cluster, struct buf *out)
{
    struct link_state link = engine_link(s->engine, cluster);
    int               r = link_text(&link, out);

    if (engine_draining(s->engine, cluster))
        buf_add_str(out, "; draining: starts nothing new");
    buf_add_char(out, '\n');
    return r ? r : buf_error(out);
}

int service_cluster_trouble(struct service *s, unsigned cluster, struct buf *out)
{
    struct link_state link = engine_link(s->engine, cluster);

    return link.is == LINK_UP ? 0 : link_text(&link, out);
}

int service_cluster_info(struct service *s, unsigned cluster, struct buf *out)
{
    struct link_state link = engine_link(s->engine, cluster);

    return text_cluster(&s->config->clusters[cluster], &link,
                        engine_draining(s->engine, cluster), out);
}

static const struct {
    const char       *word;
    enum cluster_wish wish;
} cluster_words[] = {
    { "connect", CLUSTER_CONNECT },
    { "disconnect", CLUSTER_DISCONNECT },
    { "drain", CLUSTER_DRAIN },
};

void service_cluster_control(struct service *s, unsigned cluster, struct span words,
                             service_done *done, void *arg)
{
    bool         here = !s->config->clusters[cluster].transport->connect;
    struct error e = ERROR_INIT;
    struct span  line = { 0 }, word = { 0 };
    int          r;

    if (span_next_line(&words, &line))
        span_next_word(&line, &word);
    for (size_t i = 0; i < ARRAY_SIZE(cluster_words); i++)
        if (span_is(word, cluster_words[i].word) &&
            !(here && cluster_words[i].wish == CLUSTER_DISCONNECT)) {
            engine_cluster(s->engine, cluster, cluster_words[i].wish, done, arg);
            return;
        }
    r = error_set(&e, -EINVAL, "write drain (start nothing new) or connect (go on)%s",
                  here ? "; this cluster is this machine, so there is nothing to disconnect"
                       : ", or disconnect (leave it alone until connect)");
    done(arg, r, &e);
}

int service_metrics(struct service *s, struct buf *out)
{
    uint64_t counts[JOB_STATE_COUNT];
    struct engine_counts engine = engine_counts(s->engine);

    board_counts(s->board, counts);
    return text_metrics(counts, engine.submitted, engine.started, engine.commits, out);
}

int service_events_fd(struct service *s)
{
    return engine_events_fd(s->engine);
}

off_t service_events_size(struct service *s)
{
    return engine_events_size(s->engine);
}
