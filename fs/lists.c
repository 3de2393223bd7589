/*
 * lists.c - the directories whose entries come and go
 *
 * Each is answered from memory and in order of the job's number, so a listing needs no snapshot:
 * the place in it is the number of the last entry that was given, which stays true whatever comes
 * or goes meanwhile.
 */
#include "fs/lists.h"

#include <stdio.h>
#include <string.h>

#define JOB_NUMBER_MAX UINT32_MAX
#define BRIEFS 64

bool number_from_name(const char *name, uint64_t most, uint64_t *out)
{
    if (name[0] == '0' && name[1])
        return false;
    return span_to_u64(span_str(name), out) == 0 && *out <= most;
}

/* The job of that number, whatever state it is in; false when there is none. */
static bool brief_by_name(struct mount *m, const char *name, struct job_brief *b)
{
    uint64_t number;

    if (!number_from_name(name, JOB_NUMBER_MAX, &number) || number == 0)
        return false;
    return service_brief(m->service, JOB_ID(number, 0), b);
}

static void item_job(struct item *it, const struct job_brief *b, uint64_t number)
{
    it->key = b->id;
    it->brief = *b;
    snprintf(it->name, sizeof(it->name), "%llu", (unsigned long long)number);
}

static size_t next_jobs(struct mount *m, enum job_state state, int cluster, uint64_t after,
                        struct item *v, size_t n)
{
    struct job_brief b[BRIEFS];

    n = service_list(m->service, state, cluster, after, b, n < BRIEFS ? n : BRIEFS);
    for (size_t i = 0; i < n; i++)
        item_job(&v[i], &b[i], JOB_NUMBER(b[i].id));
    return n;
}

static uint64_t jobs_find(struct mount *m, uint64_t dir unused_arg, const char *name)
{
    struct job_brief b;

    return brief_by_name(m, name, &b) ? b.id : 0;
}

static size_t jobs_next(struct mount *m, uint64_t dir unused_arg, uint64_t after, struct item *v,
                        size_t n)
{
    return next_jobs(m, STATE_ANY, CLUSTER_ANY, after, v, n);
}

const struct list list_jobs = { jobs_find, jobs_next };

static uint64_t tasks_find(struct mount *m, uint64_t dir, const char *name)
{
    struct job_brief b;
    uint64_t index;

    if (!number_from_name(name, JOB_INDEX_MAX, &index))
        return 0;
    return service_brief(m->service, dir + index + 1, &b) ? b.id : 0;
}

static size_t tasks_next(struct mount *m, uint64_t dir, uint64_t after, struct item *v, size_t n)
{
    struct job_brief b[BRIEFS];

    n = service_list_elements(m->service, dir, after > dir ? after : dir, b,
                              n < BRIEFS ? n : BRIEFS);
    for (size_t i = 0; i < n; i++)
        item_job(&v[i], &b[i], JOB_INDEX(b[i].id));
    return n;
}

const struct list list_tasks = { tasks_find, tasks_next };

/* How many are shown. */
static uint32_t attempts_of(struct mount *m, job_id id)
{
    uint32_t n = service_attempts(m->service, id);

    return n < INO_ATTEMPT_MAX ? n : INO_ATTEMPT_MAX;
}

static uint64_t attempts_find(struct mount *m, uint64_t dir, const char *name)
{
    uint64_t attempt;

    if (!number_from_name(name, attempts_of(m, dir), &attempt) || attempt == 0)
        return 0;
    return ATTEMPT_KEY(dir, attempt);
}

static size_t attempts_next(struct mount *m, uint64_t dir, uint64_t after, struct item *v,
                            size_t n)
{
    uint32_t last = attempts_of(m, dir);
    size_t   i = 0;

    for (uint32_t a = ATTEMPT_OF_KEY(after) + 1; a <= last && i < n; a++, i++) {
        v[i].key = ATTEMPT_KEY(dir, a);
        v[i].brief.id = 0;
        snprintf(v[i].name, sizeof(v[i].name), "%u", a);
    }
    return i;
}

const struct list list_attempts = { attempts_find, attempts_next };

static uint64_t names_find(struct mount *m, uint64_t dir unused_arg, const char *name)
{
    return service_by_name(m->service, name);
}

static size_t names_next(struct mount *m, uint64_t dir unused_arg, uint64_t after, struct item *v,
                         size_t n)
{
    _cleanup_(bufp) struct buf name = BUF_INIT;
    size_t i = 0;

    while (i < n) {
        name.len = 0;
        after = service_name_after(m->service, after, &name);
        if (after == 0)
            break;
        /* A name may come from a spec; what no directory can hold is not listed in one. */
        if (name.len == 0 || name.len > DRAFT_NAME_MAX || strchr(name.data, '/') ||
            strcmp(name.data, ".") == 0 || strcmp(name.data, "..") == 0 ||
            !service_brief(m->service, after, &v[i].brief))
            continue;
        v[i].key = after;
        memcpy(v[i].name, name.data, name.len + 1);
        i++;
    }
    return i;
}

const struct list list_names = { names_find, names_next };

static uint64_t states_find(struct mount *m unused_arg, uint64_t dir unused_arg, const char *name)
{
    return *name ? job_state_named(name) : 0;
}

static size_t states_next(struct mount *m unused_arg, uint64_t dir unused_arg, uint64_t after,
                          struct item *v, size_t n)
{
    size_t i = 0;

    for (uint64_t s = after + 1; s < JOB_STATE_COUNT && i < n; s++, i++) {
        v[i].key = s;
        v[i].brief.id = 0;
        snprintf(v[i].name, sizeof(v[i].name), "%s", job_state_name((enum job_state)s));
    }
    return i;
}

const struct list list_states = { states_find, states_next };

static uint64_t state_find(struct mount *m, uint64_t dir, const char *name)
{
    struct job_brief b;

    return brief_by_name(m, name, &b) && b.state == dir ? b.id : 0;
}

static size_t state_next(struct mount *m, uint64_t dir, uint64_t after, struct item *v, size_t n)
{
    return next_jobs(m, (enum job_state)dir, CLUSTER_ANY, after, v, n);
}

const struct list list_state = { state_find, state_next };

static uint64_t clusters_find(struct mount *m, uint64_t dir unused_arg, const char *name)
{
    const struct cluster *c = config_cluster(service_config(m->service), name);

    return c ? CLUSTER_KEY(c->index) : 0;
}

static size_t clusters_next(struct mount *m, uint64_t dir unused_arg, uint64_t after,
                            struct item *v, size_t n)
{
    const struct config *config = service_config(m->service);
    size_t i = 0;

    for (uint64_t c = after; c < config->n_clusters && i < n; c++, i++) {
        v[i].key = CLUSTER_KEY(c);
        v[i].brief.id = 0;
        snprintf(v[i].name, sizeof(v[i].name), "%s", config->clusters[c].name);
    }
    return i;
}

const struct list list_clusters = { clusters_find, clusters_next };

static uint64_t cluster_find(struct mount *m, uint64_t dir, const char *name)
{
    struct job_brief b;

    return brief_by_name(m, name, &b) && b.cluster == CLUSTER_OF_KEY(dir) ? b.id : 0;
}

static size_t cluster_next(struct mount *m, uint64_t dir, uint64_t after, struct item *v, size_t n)
{
    return next_jobs(m, STATE_ANY, (int)CLUSTER_OF_KEY(dir), after, v, n);
}

const struct list list_cluster = { cluster_find, cluster_next };
