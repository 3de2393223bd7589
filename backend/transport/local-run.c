/*
 * local-run.c - one command on this machine, within bounds of time and output
 *
 * The command gets its input as a file in memory, so that there is only output to wait for and no
 * write that could meet a closed pipe. It leads a process group of its own: when its time is over,
 * what it started itself goes with it.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/clock.h"

#define RUN_TIMEOUT_MS 60000
#define RUN_GRACE_MS 2000 /* between TERM and KILL */
#define READ_SIZE 16384

enum { CHILD_OUT, CHILD_ERR, CHILD_END, CHILD_FDS };

struct child {
    pid_t       pid;
    int         input;
    int         fd[CHILD_FDS]; /* the ends we read, and the pidfd; -1: over */
    int         theirs[2];     /* the ends it writes to */
    struct buf *into[2];
    int64_t     deadline_ns;
};

static void childp_cleanup(struct child *c)
{
    for (int i = 0; i < CHILD_FDS; i++)
        fdp_cleanup(&c->fd[i]);
    fdp_cleanup(&c->theirs[0]);
    fdp_cleanup(&c->theirs[1]);
    fdp_cleanup(&c->input);
}

static int open_input(const struct buf *input)
{
    int fd;

    if (input->len == 0) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (pwrite(fd, input->data, input->len, 0) == (ssize_t)input->len)
        return fd;
    close(fd);
    return -ENOSPC;
}

static int open_pipes(struct child *c)
{
    for (int i = 0; i < 2; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            return -errno;
        c->fd[i] = ends[0];
        c->theirs[i] = ends[1];
    }
    return 0;
}

/* What a child of a daemon must not inherit: ignored and blocked signals, and open files. */
int local_spawn(pid_t *pid, char *const *argv, const int fds[3])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t          attr;
    sigset_t                   none, all;
    int                        r;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawn_file_actions_init(&files);
    r = posix_spawn_file_actions_adddup2(&files, fds[0], 0);
    r = r ? r : posix_spawn_file_actions_adddup2(&files, fds[1], 1);
    r = r ? r : posix_spawn_file_actions_adddup2(&files, fds[2], 2);
    r = r ? r : posix_spawn_file_actions_addclosefrom_np(&files, 3);
    r = r ? r : posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return -r;
}

static int start(struct child *c, const struct command *command, struct error *e)
{
    int r = open_pipes(c);

    c->input = r < 0 ? r : open_input(&command->input);
    if (c->input < 0)
        return error_set(e, c->input, "cannot run %s: %s", command->argv.v[0],
                         strerror(-c->input));
    r = local_spawn(&c->pid, command->argv.v,
                    (const int[3]){ c->input, c->theirs[0], c->theirs[1] });
    if (r < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "cannot run %s: %s", command->argv.v[0],
                         strerror(-r));
    for (int i = 0; i < 2; i++) {
        fdp_cleanup(&c->theirs[i]);
        c->theirs[i] = -1;
    }
    c->fd[CHILD_END] = pidfd_open(c->pid, 0);
    return 0;
}

static void over(struct child *c, int i)
{
    fdp_cleanup(&c->fd[i]);
    c->fd[i] = -1;
}

static int take_output(struct child *c, int i)
{
    struct buf *b = c->into[i];
    ssize_t     n;
    int         r = buf_reserve(b, READ_SIZE);

    if (r < 0)
        return r;
    n = read(c->fd[i], b->data + b->len, READ_SIZE);
    if (n <= 0) {
        over(c, i);
        return 0;
    }
    b->len += (size_t)n;
    b->data[b->len] = '\0';
    return b->len > COMMAND_OUTPUT_MAX ? -EFBIG : 0;
}

static int wait_ms(const struct child *c)
{
    int64_t left = c->deadline_ns - clock_mono_ns();

    return left <= 0 ? 0 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

/* Wait for the next piece of output or the end. 0, or -ETIME when the time is over. */
static int wait_once(struct child *c)
{
    struct pollfd p[CHILD_FDS];
    int           n;

    for (int i = 0; i < CHILD_FDS; i++)
        p[i] = (struct pollfd){ .fd = c->fd[i], .events = POLLIN };
    n = poll(p, CHILD_FDS, wait_ms(c));
    if (n == 0)
        return -ETIME;
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    if (p[CHILD_END].revents)
        over(c, CHILD_END);
    for (int i = 0; i < 2; i++) {
        int r = p[i].revents ? take_output(c, i) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}

/* Until it has ended and all that it wrote is here. */
static int collect(struct child *c)
{
    while (c->fd[CHILD_OUT] >= 0 || c->fd[CHILD_ERR] >= 0 || c->fd[CHILD_END] >= 0) {
        int r = wait_once(c);

        if (r < 0)
            return r;
    }
    return 0;
}

static void end_by_force(struct child *c)
{
    over(c, CHILD_OUT);
    over(c, CHILD_ERR);
    kill(-c->pid, SIGTERM);
    c->deadline_ns = clock_mono_ns() + RUN_GRACE_MS * NS_PER_MS;
    (void)collect(c);
    kill(-c->pid, SIGKILL);
}

static int reap(const struct child *c)
{
    int status = 0;

    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int local_run(struct transport *t, const struct command *c, struct outcome *o, struct error *e)
{
    _cleanup_(childp) struct child child = {
        .input = -1,
        .fd = { -1, -1, -1 },
        .theirs = { -1, -1 },
        .into = { &o->out, &o->err },
    };
    unsigned timeout_ms = c->timeout_ms ? c->timeout_ms : RUN_TIMEOUT_MS;
    int      r;

    if (t->keeper && !strcmp(c->argv.v[0], t->keeper))
        return helper_run(&t->helper, c, o, e);
    child.deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
    r = start(&child, c, e);
    if (r != 0)
        return r;
    r = collect(&child);
    if (r < 0)
        end_by_force(&child);
    o->status = reap(&child);
    if (r == -ETIME)
        return error_set(e, TRANSPORT_E_UNKNOWN, "%s gave no answer within %u ms", c->argv.v[0],
                         timeout_ms);
    if (r < 0)
        return error_set(e, TRANSPORT_E_UNKNOWN, "cannot read what %s prints: %s", c->argv.v[0],
                         strerror(-r));
    return 0;
}
