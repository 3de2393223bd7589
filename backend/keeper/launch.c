/*
 * launch.c - the step from keeper to job
 *
 * The child of vfork() shares our memory and we stand still until it has become the job. So it can
 * write the `started` record itself, with its own pid and start time, as the last thing before it
 * runs the command: a job that has begun always has its record, and a claim without one has
 * certainly begun nothing. What went wrong it leaves in our variables.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "file.h"
#include "identity.h"

/*
 * A step of the way: 0 or a positive errno, and what to say about it. `machine`: when it fails,
 * that is this machine's trouble and not the job's, and no record says yet that it began; so the
 * claim is given back and the attempt may be made again.
 */
struct step {
    int (*take)(struct run *r);
    bool        machine;
    const char *cannot;
};

static int own_session(struct run *r)
{
    (void)r;
    return setsid() < 0 ? errno : 0;
}

static int files_in_place(struct run *r)
{
    if (dup2(r->in, 0) < 0 || dup2(r->out, 1) < 0 || dup2(r->err, 2) < 0)
        return errno;
    return 0;
}

static int bounds(struct run *r)
{
    struct rlimit limit;

    if (r->plan.memory == 0)
        return 0;
    if (cgroup_version(&r->cgroup))
        return -cgroup_enter(&r->cgroup);
    if (getrlimit(RLIMIT_AS, &limit) < 0)
        return errno;
    /* A hard limit that is there already is the narrower one, and cannot be widened. */
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > r->plan.memory)
        limit.rlim_max = r->plan.memory;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_AS, &limit) < 0 ? errno : 0;
}

static int workdir(struct run *r)
{
    return chdir(r->plan.cwd) < 0 ? errno : 0;
}

static int no_signal_blocked(struct run *r)
{
    sigset_t none;

    (void)r;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? errno : 0;
}

static int write_started(struct run *r)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        e;

    r->record.job_pid = getpid();
    e = identity_own_ticks(&r->record.job_ticks);
    if (e < 0)
        return -e;
    r->record.started_ns = clock_now_ns();
    record_format(&r->record, &text);
    e = buf_error(&text);
    return e < 0 ? -e : -file_replace(r->dir, RECORD_STARTED, buf_span(&text));
}

static int run_command(struct run *r)
{
    execve(r->plan.argv[0], (char *const *)r->plan.argv, environ);
    return errno;
}

// clang-format off
static const struct step steps[] = {
    { own_session,       true,  "cannot begin a session"                 },
    { files_in_place,    true,  "cannot pass on its files"               },
    { no_signal_blocked, true,  "cannot unblock signals"                 },
    { workdir,           false, "cannot change to its working directory" },
    { write_started,     true,  "cannot write its record"                },
    { bounds,            false, "cannot set its memory limit"            },
    { run_command,       false, "cannot run it"                          },
};
// clang-format on

/* In the child. Comes back only when it failed. */
static int become_job(struct run *r, const struct step **failed)
{
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        int error = steps[i].take(r);

        if (error) {
            *failed = &steps[i];
            return error;
        }
    }
    return 0;
}

static pid_t spawn(struct run *r, int *error, const struct step **failed)
{
    pid_t pid = vfork();

    if (pid == 0) {
        *error = become_job(r, failed);
        _exit(127);
    }
    if (pid < 0)
        *error = errno;
    return pid;
}

static int set_environment(struct run *r)
{
    char number[16];

    for (size_t i = 0; i < r->plan.n_env; i++)
        if (putenv((char *)(uintptr_t)r->plan.env[i]) != 0)
            return ENOMEM;
    snprintf(number, sizeof number, "%u", r->attempt);
    if (setenv("CLUSTRIXFS_ATTEMPT", number, 1) < 0)
        return errno;
    if (r->element == 0)
        return 0;
    snprintf(number, sizeof number, "%u", r->element - 1);
    return setenv("CLUSTRIXFS_TASK", number, 1) < 0 ? errno : 0;
}

/* execve() says ENOENT both of a file that is missing and of a missing interpreter. Which of the
 * two it was is what the user has to know. */
static bool interpreter_missing(const char *path, char *name, size_t size)
{
    _cleanup_(fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char               line[128];
    ssize_t            n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

    if (n < 2 || memcmp(line, "#!", 2) != 0)
        return false;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    snprintf(name, size, "%s", line + 2 + strspn(line + 2, " \t"));
    name[strcspn(name, " \t")] = '\0';
    return true;
}

static void explain(const struct run *r, const struct step *failed, int error, struct error *e)
{
    char   name[128];
    size_t len;

    if (failed->take == workdir)
        error_set(e, 0, "%s %s: %s", failed->cannot, r->plan.cwd, strerror(error));
    else if (failed->take != run_command || error != ENOENT ||
             !interpreter_missing(r->plan.argv[0], name, sizeof name))
        error_set(e, 0, "%s: %s", failed->cannot, strerror(error));
    else if ((len = strlen(name)) > 0 && name[len - 1] == '\r')
        error_set(e, 0, "%s: its first line ends in CR LF, as on Windows; save it with Unix line "
                  "ends", failed->cannot);
    else
        error_set(e, 0, "%s: the interpreter in its first line, %s, is not on this machine",
                  failed->cannot, name);
}

static int open_input(struct run *r)
{
    const char *path = r->plan.input ? r->plan.input : "/dev/null";

    r->in = open(path, O_RDONLY | O_CLOEXEC);
    return r->in < 0 ? errno : 0;
}

static const struct step opening = { open_input, false, "cannot open its standard input" };
static const struct step setting = { set_environment, true, "cannot set its environment" };
static const struct step spawning = { NULL, true, "cannot make a process for it" };

/* 0 or a positive errno, and then the step that failed. */
static int launch(struct run *r, const struct step **failed)
{
    int   error;
    pid_t pid;

    *failed = &opening;
    error = opening.take(r);
    if (error)
        return error;
    *failed = &setting;
    error = setting.take(r);
    if (error)
        return error;
    *failed = &spawning;
    pid = spawn(r, &error, failed);
    if (error && pid > 0)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    return error;
}

int run_launch(struct run *r, struct error *e)
{
    const struct step *failed;
    int                error = launch(r, &failed);

    fdp_cleanup(&r->in);
    fdp_cleanup(&r->out);
    fdp_cleanup(&r->err);
    r->in = r->out = r->err = -1;
    if (!error)
        return 0;
    explain(r, failed, error, e);
    if (!failed->machine)
        return RUN_E_START;
    run_unclaim(r);
    return -error;
}
