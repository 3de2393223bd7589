/*
 * look.c - runs that somebody looks at are collected again
 *
 * All of them with one command, at most once a second, and never for more than a tenth of the time:
 * a job of very many files is a burden on its cluster.
 */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"

#define LOOK_EVERY_NS NS_PER_S
#define LOOK_SHARE 10
/* Unlooked at for so long it is not collected when its turn comes, and forgotten. */
#define LOOK_KEPT_NS (10 * NS_PER_S)
#define LOOKS_MAX 4096
/* So long after the last removal what was removed here comes back. */
#define RESTORE_NS (5 * NS_PER_S)
/* In one command; the kernel takes no longer ones. */
#define LOOKS_AT_ONCE 512
#define LOOK_TIMEOUT_MS 60000

static struct look **bucket(struct results *r, const char *token, const char *run)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *token; token++)
        h = (h ^ (unsigned char)*token) * UINT64_C(1099511628211);
    for (; *run; run++)
        h = (h ^ (unsigned char)*run) * UINT64_C(1099511628211);
    return &r->looks[(h ^ h >> 32) & (LOOK_BUCKETS - 1)];
}

static struct look *find(struct results *r, const char *token, const char *run)
{
    struct look *look = *bucket(r, token, run);

    while (look && (strcmp(look->token, token) != 0 || strcmp(look->run, run) != 0))
        look = look->next;
    return look;
}

static struct look *add(struct results *r, const char *token, const char *run)
{
    struct look **at = bucket(r, token, run);
    struct look  *look;

    if (r->n_looks >= LOOKS_MAX || strlen(token) >= sizeof(look->token) ||
        strlen(run) >= sizeof(look->run) || !(look = calloc(1, sizeof(*look))))
        return NULL;
    strcpy(look->token, token);
    strcpy(look->run, run);
    look->next = *at;
    *at = look;
    r->n_looks++;
    return look;
}

/* [lock] */
static void look_at(struct results *r, const char *token, const char *run)
{
    struct look *look;

    look = r->down || r->closing ? NULL : find(r, token, run);
    if (!look && !r->down && !r->closing)
        look = add(r, token, run);
    if (look)
        look->looked_ns = clock_mono_ns();
    if (look && !look->wanted) {
        look->wanted = true;
        if (r->n_wanted++ == 0)
            lanes_wake(r);
    }
}

void results_look(struct results *r, const char *token, const char *run)
{
    pthread_mutex_lock(&r->lock);
    look_at(r, token, run);
    pthread_mutex_unlock(&r->lock);
}

void results_restore(struct results *r, const char *token, const char *run)
{
    pthread_mutex_lock(&r->lock);
    look_at(r, token, run);
    r->look_from_ns = clock_mono_ns() + RESTORE_NS;
    pthread_mutex_unlock(&r->lock);
}

int64_t look_due(const struct results *r)
{
    if (r->n_wanted == 0 || r->looking || r->down ||
        !__atomic_load_n(&r->cluster->met, __ATOMIC_ACQUIRE))
        return INT64_MAX;
    return r->look_from_ns > r->again_ns ? r->look_from_ns : r->again_ns;
}

/* Take what is wanted; what nobody looked at for long goes. */
static int gather(struct results *r, int64_t now, struct command *c)
{
    unsigned n = 0;
    int      err = 0;

    for (size_t i = 0; i < LOOK_BUCKETS; i++) {
        struct look **at = &r->looks[i], *look;

        while ((look = *at)) {
            if (!look->wanted && now - look->looked_ns > LOOK_KEPT_NS) {
                *at = look->next;
                r->n_looks--;
                free(look);
                continue;
            }
            at = &look->next;
            if (!look->wanted || n == LOOKS_AT_ONCE || err < 0)
                continue;
            err = strv_printf(&c->argv, "%s/%s", look->token, look->run);
            look->wanted = false;
            r->n_wanted--;
            n++;
        }
    }
    return err;
}

static int begin(struct results *r, struct command *c)
{
    int err = strv_add(&c->argv, r->cluster->keeper);

    if (err == 0)
        err = strv_add(&c->argv, "collect");
    if (err == 0)
        err = strv_add(&c->argv, r->cluster->root);
    return err;
}

/* [no lock] */
static int collect(struct lane *l, const struct command *c)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct results                    *r = l->results;
    struct error                       e = ERROR_INIT;
    int                                err = lane_connect(l);

    if (err == 0)
        err = lane_error(l, r->cluster->transport->run(l->t, c, &o, &e));
    if (err == 0)
        err = results_take(r, buf_span(&o.out), &e);
    if (err < 0 && err != -EHOSTUNREACH)
        log_line(LOG_WARN, "cluster=%s: looking after files of jobs: %s", r->cluster->name, e.text);
    return err;
}

bool look_do(struct lane *l)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    struct results                    *r = l->results;
    int64_t                            began = clock_mono_ns(), ended, pause;

    if (look_due(r) > began)
        return false;
    r->looking = true;
    c.timeout_ms = LOOK_TIMEOUT_MS;
    if (begin(r, &c) == 0 && gather(r, began, &c) == 0) {
        pthread_mutex_unlock(&r->lock);
        (void)collect(l, &c);
        pthread_mutex_lock(&r->lock);
    }
    r->looking = false;
    ended = clock_mono_ns();
    pause = (ended - began) * LOOK_SHARE;
    r->look_from_ns = pause > LOOK_EVERY_NS ? ended + pause : began + LOOK_EVERY_NS;
    return true;
}

void looks_forget(struct results *r, const char *token)
{
    for (size_t i = 0; i < LOOK_BUCKETS; i++) {
        struct look **at = &r->looks[i], *look;

        while ((look = *at)) {
            if (token && strcmp(look->token, token) != 0) {
                at = &look->next;
                continue;
            }
            *at = look->next;
            r->n_wanted -= look->wanted;
            r->n_looks--;
            free(look);
        }
    }
}
