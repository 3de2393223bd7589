/*
 * start.c - one keeper for each job, made by fork() alone
 *
 * The keeper of a job is this very program without a new exec: it is small, so that the fork costs
 * little, and it lives in a session of its own, so that nothing that happens to the daemon, its
 * terminal or its service reaches it. Each keeper answers for itself; `start` only waits until all
 * have let go of a pipe.
 */
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "file.h"
#include "identity.h"
#include "run.h"
#include "say.h"

/* What all keepers of one `start` have in common; ready before the first fork. */
struct start {
    struct utsname host;
    char           boot[BOOT_ID_SIZE];
    int            null;    /* /dev/null */
    int            pipe[2]; /* at its end when every keeper has answered */
};

/* No longer hold what belongs to the asker: it waits for the end of these. */
static void let_go(struct start *s)
{
    for (int fd = 0; fd <= 2; fd++)
        dup2(s->null, fd);
    fdp_cleanup(&s->pipe[1]);
    s->pipe[1] = -1;
}

static void set_limits(struct run *r)
{
    char name[RUN_PATH_MAX + 1];

    if (r->plan.memory == 0)
        return;
    snprintf(name, sizeof name, "%s.%s", r->token, r->name + JOB_TOKEN_LEN + 1);
    if (cgroup_create(&r->cgroup, name, r->plan.memory) == 0)
        snprintf(r->record.memory_by, sizeof r->record.memory_by, "%s", cgroup_version(&r->cgroup));
    else
        snprintf(r->record.memory_by, sizeof r->record.memory_by, "rlimit");
}

static int identify(const struct start *s, struct record *rec)
{
    snprintf(rec->node, sizeof rec->node, "%.*s", (int)sizeof rec->node - 1, s->host.nodename);
    snprintf(rec->boot, sizeof rec->boot, "%s", s->boot);
    rec->keeper_pid = getpid();
    return identity_own_ticks(&rec->keeper_ticks);
}

static int write_exit(const struct run *r)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        e;

    record_format(&r->record, &text);
    e = buf_error(&text);
    return e < 0 ? e : file_replace(r->dir, RECORD_EXIT, buf_span(&text));
}

/* How it ended is known to nobody else: a full disk is waited out. A directory that somebody
 * removed under us is not. */
static void record_end(const struct run *r)
{
    char line[RUN_PATH_MAX + sizeof "end \n"];
    int  e;

    while ((e = write_exit(r)) < 0 && e != -ENOENT)
        sleep(1);
    snprintf(line, sizeof line, "end %s\n", r->name);
    if (file_append(AT_FDCWD, "events", span_str(line)) < 0)
        return; /* a hint only */
}

/* One that cannot be started has ended at once. */
static void fill_start_failure(struct record *rec, const char *why)
{
    rec->cause = CAUSE_START;
    rec->exit_code = -1;
    rec->ended_ns = clock_now_ns();
    snprintf(rec->note, sizeof rec->note, "%.*s", (int)sizeof rec->note - 1, why);
}

/* From the claim to the record. A negative errno and a sentence: nothing is left of the attempt. */
static int keep(struct start *s, struct run *r, struct error *e)
{
    int error = run_claim(r, e);

    if (error != 0)
        return error;
    set_limits(r);
    error = run_launch(r, e);
    if (error < 0) {
        cgroup_remove(&r->cgroup);
        return error;
    }
    say(r->name, "started %d", (int)r->record.job_pid);
    let_go(s);
    if (error == RUN_E_START)
        fill_start_failure(&r->record, e->text);
    else
        run_watch(r);
    record_end(r);
    cgroup_remove(&r->cgroup);
    return 0;
}

static int keep_named(struct start *s, const char *name, struct error *e)
{
    struct run r;
    int        error = run_init(&r, name);

    if (error < 0)
        return error_set(e, error, "it is not called TOKEN/RUN");
    setsid();
    error = identify(s, &r.record);
    if (error < 0)
        error_set(e, error, "cannot read /proc: %s", strerror(-error));
    else if ((error = plan_read(&r.plan, r.token, e)) == 0)
        error = keep(s, &r, e);
    run_release(&r);
    return error;
}

static void keeper_main(struct start *s, const char *name)
{
    struct error e = ERROR_INIT;
    int          r = keep_named(s, name, &e);

    if (r == RUN_E_CLAIMED)
        say(name, "claimed");
    if (r < 0)
        say(name, "failed %s", e.text);
}

static int prepare(struct start *s)
{
    s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (s->null < 0 || pipe2(s->pipe, O_CLOEXEC) < 0 || uname(&s->host) < 0)
        return -errno;
    return identity_boot(s->boot);
}

/* Until the last keeper has closed its end. */
static void await_answers(struct start *s)
{
    char byte;

    fdp_cleanup(&s->pipe[1]);
    while (read(s->pipe[0], &byte, 1) < 0 && errno == EINTR)
        ;
}

/*
 * Jobs inherit what they get from us, and we may have got anything: they get no descriptor but
 * their three, every signal as it is by default, and none blocked. Here all are blocked, since the
 * end of a session or of a terminal must not end a keeper, nor a word for it come too early.
 */
void start_prepare(void)
{
    sigset_t all;

    closefrom(3);
    for (int sig = 1; sig <= SIGRTMAX; sig++)
        (void)signal(sig, SIG_DFL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

int start_runs(char *const *runs, int n)
{
    struct start s;
    int          r;

    r = prepare(&s);
    if (r < 0) {
        fprintf(stderr, "clustrixfs-keeper: cannot get ready: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    for (int i = 0; i < n; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            (void)signal(SIGCHLD, SIG_DFL); /* a keeper waits for its job */
            keeper_main(&s, runs[i]);
            _exit(EXIT_SUCCESS);
        }
        if (pid < 0)
            say(runs[i], "failed cannot make a process to keep it: %s", strerror(errno));
    }
    await_answers(&s);
    fdp_cleanup(&s.pipe[0]);
    fdp_cleanup(&s.null);
    return EXIT_SUCCESS;
}
