/*
 * watch.c - from the start of a job to its exit record
 *
 * The keeper has every signal blocked and sleeps in one sigtimedwait(): it is woken by its job's
 * end, by a word from `clustrixfs-keeper signal`, or when something is due. A job that runs for a
 * week costs a sleeping process of a few hundred kilobytes and no wake-up at all.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "clustrixfs/clock.h"
#include "control.h"

#define NEVER INT64_MAX

struct watch {
    pid_t          job;
    uint64_t       grace_s;
    int64_t        due_ns;     /* monotonic: when the time limit or the grace is over */
    int64_t        stopped_ns; /* since when it is suspended; 0: it is not            */
    enum job_cause cause;      /* why we asked it to end; CAUSE_NONE: we did not      */
};

static int64_t in_seconds(int64_t from_ns, uint64_t seconds)
{
    int64_t ns;

    if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) ||
        __builtin_add_overflow(from_ns, ns, &ns))
        return NEVER;
    return ns;
}

static void resume(struct watch *w)
{
    if (w->stopped_ns == 0)
        return;
    if (w->due_ns != NEVER)
        w->due_ns += clock_mono_ns() - w->stopped_ns;
    w->stopped_ns = 0;
    kill(-w->job, SIGCONT);
}

static void suspend(struct watch *w)
{
    if (w->stopped_ns != 0 || w->cause != CAUSE_NONE)
        return;
    w->stopped_ns = clock_mono_ns();
    kill(-w->job, SIGSTOP);
}

/* Ask it to end. A stopped process would not hear the question, hence the CONT. */
static void ask_to_end(struct watch *w, enum job_cause cause)
{
    if (w->cause != CAUSE_NONE)
        return;
    w->cause = cause;
    kill(-w->job, SIGTERM);
    w->stopped_ns = 0;
    kill(-w->job, SIGCONT);
    w->due_ns = in_seconds(clock_mono_ns(), w->grace_s);
}

static void on_due(struct watch *w)
{
    if (w->cause == CAUSE_NONE) {
        ask_to_end(w, CAUSE_TIME_LIMIT);
        return;
    }
    kill(-w->job, SIGKILL);
    w->due_ns = NEVER;
}

static void on_word(struct watch *w, int word)
{
    switch (word) {
    case CONTROL_CANCEL:
        ask_to_end(w, CAUSE_CANCEL);
        break;
    case CONTROL_SUSPEND:
        suspend(w);
        break;
    case CONTROL_RESUME:
        resume(w);
        break;
    }
}

/* Sleep until something happens, and see to it. */
static void wait_once(struct watch *w, const sigset_t *set)
{
    bool            timed = w->due_ns != NEVER && w->stopped_ns == 0;
    int64_t         left = timed ? w->due_ns - clock_mono_ns() : 0;
    struct timespec limit;
    siginfo_t       info;
    int             sig;

    if (left < 0)
        left = 0;
    limit = (struct timespec){ left / NS_PER_S, left % NS_PER_S };
    sig = sigtimedwait(set, &info, timed ? &limit : NULL);
    if (sig == CONTROL_SIGNAL)
        on_word(w, info.si_value.sival_int);
    if (sig < 0 && errno == EAGAIN)
        on_due(w);
}

/* Seen to have ended, but not fetched: as long as the corpse lies there, its group's number cannot
 * be given to anybody else. */
static bool has_ended(const struct watch *w)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, (id_t)w->job, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

static uint64_t microseconds(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void fill_end(struct run *r, const struct watch *w, int status, const struct rusage *used)
{
    struct record *rec = &r->record;
    uint64_t       peak = cgroup_peak(&r->cgroup);

    rec->ended_ns = clock_now_ns();
    rec->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    rec->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    rec->cause = w->cause;
    if (rec->cause == CAUSE_NONE && cgroup_oom_killed(&r->cgroup))
        rec->cause = CAUSE_MEMORY;
    if (rec->cause == CAUSE_NONE)
        rec->cause = rec->signal ? CAUSE_SIGNAL : CAUSE_EXIT;
    rec->usage = (struct job_usage){
        .user_us = microseconds(used->ru_utime),
        .system_us = microseconds(used->ru_stime),
        .max_memory = (uint64_t)used->ru_maxrss * 1024,
    };
    if (peak > rec->usage.max_memory)
        rec->usage.max_memory = peak;
}

void run_watch(struct run *r)
{
    struct watch w = {
        .job = r->record.job_pid,
        .grace_s = r->plan.grace_s,
        .due_ns = r->plan.time_s ? in_seconds(clock_mono_ns(), r->plan.time_s) : NEVER,
    };
    struct rusage used = { 0 };
    int           status = 0;
    sigset_t      set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, CONTROL_SIGNAL);
    while (!has_ended(&w))
        wait_once(&w, &set);

    /* Nothing of it outlives it: what is in stdout when the record appears is all there will be. */
    kill(-w.job, SIGKILL);
    while (wait4(w.job, &status, 0, &used) < 0 && errno == EINTR)
        ;
    cgroup_kill(&r->cgroup);
    fill_end(r, &w, status, &used);
}
