/*
 * control.c - what is asked of jobs that were started before
 *
 * A pid in a record is believed only together with the boot and the moment it started in: the
 * number alone may be somebody else's process by now. Words go to the keeper, which alone can stop
 * the clock and write down why the job ended; only where it is dead do they go to the job.
 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "run.h"
#include "say.h"

/* What is known of a run, read before anything is said about it. */
struct seen {
    bool          claimed, ended;
    bool          begun;     /* it has a `started` record */
    bool          this_boot; /* and that was since the machine was started */
    enum life     keeper, job;
    struct record record; /* the `started` one */
};

static int see_ended(struct seen *s, const char *run)
{
    struct record end;
    int           r = run_record(run, RECORD_EXIT, &end);

    s->ended = r == 0 && end.cause != CAUSE_NONE;
    return r < 0 ? r : 0;
}

static int see_claim(struct seen *s, const char *run)
{
    int r = run_reclaim(run);

    s->claimed = r == RUN_STARTING || r == RUN_RECORDED;
    return r == RUN_RECORDED ? -EAGAIN : r < 0 ? r : 0;
}

static void see_processes(struct seen *s, const char *boot)
{
    s->this_boot = strcmp(s->record.boot, boot) == 0;
    s->keeper = s->job = LIFE_GONE;
    if (!s->this_boot)
        return;
    s->keeper = identity_life(s->record.keeper_pid, s->record.keeper_ticks);
    s->job = identity_life(s->record.job_pid, s->record.job_ticks);
}

/* One look; -EAGAIN when the run moved on under our eyes. */
static int see_once(struct seen *s, const char *run, const char *boot)
{
    int r;

    *s = (struct seen){ 0 };
    r = see_ended(s, run);
    if (r < 0 || s->ended)
        return r;
    r = run_record(run, RECORD_STARTED, &s->record);
    if (r < 0)
        return r;
    if (r == RECORD_E_NONE)
        return see_claim(s, run);
    s->claimed = s->begun = true;
    see_processes(s, boot);
    /* A keeper that is gone may have written its last record after we looked for it. */
    return s->keeper == LIFE_GONE ? see_ended(s, run) : 0;
}

static int see(struct seen *s, const char *run, const char *boot)
{
    int r = -EAGAIN;

    for (int tries = 0; r == -EAGAIN && tries < 3; tries++)
        r = see_once(s, run, boot);
    if (r != -EAGAIN)
        return r;
    /* It has records that cannot be read, and no keeper: it began, and nothing is left of it. */
    *s = (struct seen){ .claimed = true, .begun = true, .this_boot = true };
    return 0;
}

static const char *word_for(const struct seen *s)
{
    if (s->ended)
        return "ended";
    if (!s->claimed)
        return "none";
    if (!s->begun)
        return "alive";
    if (!s->this_boot)
        return "rebooted";
    if (s->keeper != LIFE_GONE)
        return s->job == LIFE_STOPPED ? "suspended" : "alive";
    return s->job != LIFE_GONE ? "unwatched" : "dead";
}

/* Do `each` with what is seen of each run. */
static int for_each(char *const *runs, int n,
                    void (*each)(const char *run, const struct seen *s, const void *arg),
                    const void *arg)
{
    char boot[BOOT_ID_SIZE];
    int  r = identity_boot(boot);

    if (r < 0) {
        fprintf(stderr, "clustrixfs-keeper: cannot read the boot id: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    for (int i = 0; i < n; i++) {
        struct run  run;
        struct seen s;

        r = run_init(&run, runs[i]);
        if (r == 0)
            r = see(&s, runs[i], boot);
        if (r == 0)
            each(runs[i], &s, arg);
        else
            say(runs[i], "failed cannot tell: %s", strerror(-r));
    }
    return EXIT_SUCCESS;
}

static void say_word(const char *run, const struct seen *s, const void *arg)
{
    (void)arg;
    say(run, "%s", word_for(s));
}

int control_look(char *const *runs, int n)
{
    return for_each(runs, n, say_word, NULL);
}

/* What a word is to the keeper, and to a job whose keeper is dead. */
struct word {
    const char *name;
    int         to_keeper; /* 0: it is not the keeper's business */
    int         to_job;
};

/* Nobody is left to follow a TERM up with a KILL, so a cancel without a keeper is the KILL. */
static const struct word words[] = {
    { "cancel", CONTROL_CANCEL, SIGKILL },
    { "suspend", CONTROL_SUSPEND, SIGSTOP },
    { "resume", CONTROL_RESUME, SIGCONT },
};

static int signal_number(const char *name)
{
    uint64_t n;

    if (span_to_u64(span_str(name), &n) == 0)
        return n > 0 && n <= (uint64_t)SIGRTMAX ? (int)n : 0;
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    for (int sig = 1; sig < SIGRTMIN; sig++) {
        const char *abbreviation = sigabbrev_np(sig);

        if (abbreviation && strcmp(abbreviation, name) == 0)
            return sig;
    }
    return 0;
}

static bool word_read(struct word *w, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i].name, name) == 0) {
            *w = words[i];
            return true;
        }
    *w = (struct word){ .name = name, .to_job = signal_number(name) };
    return w->to_job != 0;
}

static int deliver(const struct word *w, const struct seen *s)
{
    union sigval value = { .sival_int = w->to_keeper };
    int          r;

    if (w->to_keeper && s->keeper != LIFE_GONE)
        r = sigqueue(s->record.keeper_pid, CONTROL_SIGNAL, value);
    else
        r = kill(-s->record.job_pid, w->to_job);
    return r < 0 ? -errno : 0;
}

static void signal_one(const char *run, const struct seen *s, const void *arg)
{
    int r;

    if (s->claimed && !s->begun && !s->ended) {
        say(run, "failed it is just being started");
        return;
    }
    if (s->ended || s->job == LIFE_GONE) {
        say(run, "gone");
        return;
    }
    r = deliver(arg, s);
    if (r == -ESRCH)
        say(run, "gone");
    else if (r < 0)
        say(run, "failed cannot signal it: %s", strerror(-r));
    else
        say(run, "done");
}

int control_signal(const char *word, char *const *runs, int n)
{
    struct word w;

    if (!word_read(&w, word)) {
        fprintf(stderr, "clustrixfs-keeper: '%s' is neither cancel, suspend, resume nor a signal\n",
                word);
        return EXIT_FAILURE;
    }
    return for_each(runs, n, signal_one, &w);
}
