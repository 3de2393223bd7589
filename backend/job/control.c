/*
 * control.c - the words a user may write to ctl
 *
 * A word is a wish: it is kept with the job before the writer hears "done", and carried out when
 * the job is in a state where it can be. Written twice it does no harm. A word to the whole of an
 * array goes to each element that can follow it.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

typedef int control_fn(struct engine *en, struct job *j, const char *arg, struct error *e);

static int not_now(const struct job *j, const char *word, const char *hint, struct error *e)
{
    return error_set(e, -EINVAL, "%s: job %llu is %s%s", word,
                     (unsigned long long)JOB_NUMBER(j->v.id), job_state_name(j->v.state), hint);
}

static void set_wish(struct engine *en, struct job *j, unsigned add, unsigned drop)
{
    j->wish = (j->wish | add) & ~drop;
    job_changed(en, j, 0);
    duty_do(en, j);
}

static int do_cancel(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    (void)arg, (void)e;
    /* What runs no more can only be kept from bringing what it left. */
    outputs_stop(en, j);
    if (job_ended(j->v.state))
        return 0;
    tied_let_be(j);
    if (!(j->wish & WISH_CANCEL)) {
        duty_at(en, j, 0);
        set_wish(en, j, WISH_CANCEL, 0);
    }
    return 0;
}

static int has_verb(const struct job *j, enum scheduler_verb verb, const char *word,
                    struct error *e)
{
    const struct scheduler_ops *s = j->cluster->scheduler;

    if (s && s->verbs[verb].say)
        return 0;
    return error_set(e, -EOPNOTSUPP, "%s: cluster %s has no such thing", word, j->cluster->name);
}

/* What is said at once and not kept as a wish has to be possible now. */
static int can_say(struct engine *en, const struct job *j, enum scheduler_verb verb,
                   const char *word, struct error *e)
{
    int r = has_verb(j, verb, word, e);

    if (r)
        return r;
    if (!job_place(en, j)->open)
        return error_set(e, -EHOSTUNREACH,
                         "%s: cluster %s cannot be reached now; clusters/%s/state says why", word,
                         j->cluster->name, j->cluster->name);
    return 0;
}

static int say_now(struct engine *en, struct job *j, enum scheduler_verb verb, const char *word,
                   const char *arg, struct error *e)
{
    int r = can_say(en, j, verb, word, e);

    if (!r)
        duty_order(en, j, ORDER_VERB, verb, arg);
    return r;
}

static int do_hold(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    int r;

    (void)arg;
    if (j->v.state != JOB_ACCEPTED && j->v.state != JOB_QUEUED && j->v.state != JOB_HELD)
        return not_now(j, "hold", ", and only a queued job can be held: suspend stops one", e);
    if (job_in_queue(j) && (r = has_verb(j, VERB_HOLD, "hold", e)))
        return r;
    duty_at(en, j, 0);
    if (j->queued)
        slots_unqueue(job_place(en, j), j);
    set_wish(en, j, WISH_HOLD, WISH_RELEASE);
    return 0;
}

static int do_release(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    (void)arg;
    if (j->v.state != JOB_HELD && !(j->wish & WISH_HOLD))
        return j->v.state == JOB_QUEUED || j->v.state == JOB_ACCEPTED
                   ? 0
                   : not_now(j, "release", ", not held", e);
    set_wish(en, j, job_in_queue(j) ? WISH_RELEASE : 0, WISH_HOLD);
    return 0;
}

static int do_suspend(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    (void)arg;
    /* Said also where it seems to be so: an earlier word may still be on its way. */
    if (!job_runs(j))
        return not_now(j, "suspend", ", and only a running job can be suspended", e);
    return say_now(en, j, VERB_SUSPEND, "suspend", NULL, e);
}

static int do_resume(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    (void)arg;
    if (!job_runs(j))
        return not_now(j, "resume", ", not suspended", e);
    return say_now(en, j, VERB_RESUME, "resume", NULL, e);
}

static int do_rerun(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    (void)arg;
    if (!job_ended(j->v.state))
        return error_set(e, -EBUSY, "rerun: job %llu is %s: cancel it first, or wait for its end",
                         (unsigned long long)JOB_NUMBER(j->v.id), job_state_name(j->v.state));
    job_reason(j, "to be run again");
    job_again(en, j, "user", "rerun");
    return 0;
}

/* Of an array those elements that did not complete; there may be none of them. */
static int do_rerun_failed(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    bool failed = job_ended(j->v.state) && j->v.state != JOB_COMPLETED;

    return failed ? do_rerun(en, j, arg, e) : 0;
}

/* "TERM", "SIGTERM" or "15": the name without SIG, or NULL. */
static const char *signal_name(const char *arg)
{
    int number = atoi(arg);

    if (number > 0)
        return sigabbrev_np(number);
    if (!strncasecmp(arg, "SIG", 3))
        arg += 3;
    for (int i = 1; i < NSIG; i++) {
        const char *name = sigabbrev_np(i);

        if (name && !strcasecmp(name, arg))
            return name;
    }
    return NULL;
}

static int do_signal(struct engine *en, struct job *j, const char *arg, struct error *e)
{
    const char *name = signal_name(arg);

    if (!name)
        return error_set(e, -EINVAL,
                         "signal: \"%s\" is no signal: write a name or a number, like signal TERM",
                         arg);
    if (!job_runs(j))
        return not_now(j, "signal", ", and only a running job can get a signal", e);
    return say_now(en, j, VERB_SIGNAL, "signal", name, e);
}

static const struct word {
    const char *name;
    control_fn *fn;
    bool        takes_arg;
    /* It is for ended jobs: takes up what it is for, NULL when that is nothing ... */
    struct job *(*revive)(struct engine *en, job_id id);
    const char *with; /* the one argument that makes it this word */
    bool        any;  /* ... which is no mistake */
} words_known[] = {
    { .name = "cancel", .fn = do_cancel },
    { .name = "hold", .fn = do_hold },
    { .name = "release", .fn = do_release },
    { .name = "suspend", .fn = do_suspend },
    { .name = "resume", .fn = do_resume },
    { .name = "rerun", .fn = do_rerun, .revive = restart_revive },
    { .name = "rerun", .with = "failed", .fn = do_rerun_failed, .revive = restart_revive_failed,
      .any = true },
    { .name = "signal", .fn = do_signal, .takes_arg = true },
};

static bool is_word(const struct word *w, struct span word, struct span arg)
{
    if (!span_is(word, w->name))
        return false;
    return w->with ? span_is(arg, w->with) : w->takes_arg == (arg.len > 0);
}

static const struct word *find_word(struct span words, char *arg, size_t size, struct error *e)
{
    struct span line = { 0 }, word = { 0 }, rest = { 0 }, more = { 0 };

    if (span_next_line(&words, &line) && span_next_word(&line, &word) &&
        span_next_word(&line, &rest) && !span_next_word(&line, &more))
        more = words;
    snprintf(arg, size, "%.*s", (int)rest.len, rest.len ? rest.data : "");
    for (size_t i = 0; i < ARRAY_SIZE(words_known); i++) {
        const struct word *w = &words_known[i];

        if (!more.len && is_word(w, word, rest))
            return w;
    }
    error_set(e, -EINVAL,
              "\"%.*s\" is not understood: write one of cancel, hold, release, suspend, resume, "
              "rerun, rerun failed, or signal and its name (signal TERM)",
              word.len < 40 ? (int)word.len : 40, word.len ? word.data : "");
    return NULL;
}

/* An element that cannot follow does not matter as long as another one can. */
static int to_each(struct engine *en, struct job *whole, const struct word *w, const char *arg,
                   struct error *e)
{
    struct error mine = ERROR_INIT;
    int          r = 0, done = 0, first = 0;

    if (w->fn == do_cancel)
        outputs_stop(en, whole);
    for (uint32_t i = 0; i < whole->n_elements; i++) {
        struct job *j = whole->elements[i];

        if (!j)
            continue;
        r = w->fn(en, j, arg, &mine);
        done += !r;
        if (r && !first) {
            first = r;
            if (e)
                *e = mine;
        }
    }
    return done ? 0 : first;
}

int control_job(struct engine *en, job_id id, struct span words, struct error *e)
{
    char               arg[16];
    struct job_brief   brief;
    const struct word *w = find_word(words, arg, sizeof(arg), e);
    struct job        *j = engine_job(en, id);

    if (!w)
        return -EINVAL;
    if ((uintptr_t)idmap_get(&en->shows, JOB_WHOLE(id)) & CHANGE_JOB_GONE)
        return error_set(e, -ENOENT, "the job was removed a moment ago");
    if (w->revive && (!j || w->any))
        j = w->revive(en, id);
    if (j)
        return j->n_elements ? to_each(en, j, w, arg, e) : w->fn(en, j, arg, e);
    if (!board_brief(en->board, JOB_WHOLE(id), &brief))
        return error_set(e, -ENOENT, "there is no such job");
    if (w->fn == do_cancel || w->any)
        return 0;
    return error_set(e, -EINVAL, "%s: job %llu has ended", w->name,
                     (unsigned long long)JOB_NUMBER(id));
}

struct forgotten {
    struct engine *en;
    char          *token, *name, *alias, *cluster;
};

static int remember(void *arg, const struct stored_job *j)
{
    struct forgotten *f = arg;

    f->token = strdup(j->v.token);
    f->name = strdup(j->v.name);
    f->alias = strdup(j->v.alias);
    f->cluster = strdup(j->v.cluster);
    return f->token && f->name && f->alias && f->cluster ? 0 : -ENOMEM;
}

static int forget(struct engine *en, job_id id, struct forgotten *f)
{
    const struct cluster *cluster = config_cluster(en->config, f->cluster);
    struct order         *o;
    int r = commit_change(en, change_forget(id, f->name, f->alias, f->cluster, f->token));

    if (r)
        return r;
    o = cluster && f->en->places[cluster->index].open ? calloc(1, sizeof(*o)) : NULL;
    if (o) {
        o->kind = ORDER_REMOVE;
        o->cluster = cluster->index;
        memcpy(o->token, f->token, sizeof(o->token));
        commit_order(en, o);
    }
    /* Without an order the removal is found, and done, when the cluster is reached again. */
    return idmap_put(&en->shows, id, (void *)(uintptr_t)CHANGE_JOB_GONE);
}

int control_forget(struct engine *en, job_id id, struct error *e)
{
    struct forgotten f = { .en = en };
    int              r;

    if (JOB_ELEMENT(id))
        return error_set(e, -EPERM, "an element goes with its array: remove that");
    if (engine_job(en, id))
        return error_set(e, -EBUSY, "job %llu has not ended: write cancel to its ctl first",
                         (unsigned long long)JOB_NUMBER(id));
    r = store_load_job(en->store, id, remember, &f);
    if (!r)
        r = forget(en, id, &f);
    free(f.token);
    free(f.name);
    free(f.alias);
    free(f.cluster);
    return r;
}
