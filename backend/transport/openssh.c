/*
 * openssh.c - a link that is the program ssh
 *
 * For what libssh cannot do: above all to ride on a master (ControlPath) that its user has logged
 * in with a one-time password. It never asks anything. Each stream is one ssh; over a master that
 * is a channel of the master's connection, else a connection of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"
#include "far.h"
#include "link.h"
#include "local-spawn.h"

#define SSH "/usr/bin/ssh"

struct link {
    const struct cluster *cluster;
    int stop;
};

struct stream {
    struct link *link;
    pid_t pid;
    int fd; /* its input and output */
    int err;
};

static int openssh_link_open(struct link **lp, const struct cluster *c, int stop, struct error *e)
{
    struct link *l = calloc(1, sizeof *l);

    if (!l)
        return error_set(e, -ENOMEM, "out of memory");
    l->cluster = c;
    l->stop = stop;
    *lp = l;
    return 0;
}

/* ssh looks for its configuration in the home that the account has; the rest of us in $HOME. */
static int add_config(struct strv *argv)
{
    const char *home = getenv("HOME");
    const struct passwd *user = getpwuid(geteuid());
    char path[4096];
    int r;

    if (!home || *home != '/' || (user && strcmp(home, user->pw_dir) == 0))
        return 0;
    snprintf(path, sizeof path, "%s/.ssh/config", home);
    if (access(path, R_OK) < 0)
        return 0;
    r = strv_add(argv, "-F");
    return r < 0 ? r : strv_add(argv, path);
}

static int add_option(struct strv *argv, const char *option, const char *value)
{
    int r = strv_add(argv, option);

    return r < 0 ? r : strv_add(argv, value);
}

/*
 * With a master that does not take us ssh would make a connection of its own, and a host with
 * one-time passwords would count that as a wrong login: so then there is no way to.
 */
static int add_master(struct strv *argv, const struct cluster *c)
{
    int r = c->control_path ? add_option(argv, "-S", c->control_path) : 0;

    return r < 0 || !c->control_path ? r : strv_add(argv, "-oProxyCommand=false");
}

static int add_host(struct strv *argv, const struct cluster *c)
{
    int r = c->user ? add_option(argv, "-l", c->user) : 0;

    if (r == 0 && c->port)
        r = strv_printf(argv, "-p%u", c->port);
    if (r == 0 && c->identity)
        r = add_option(argv, "-i", c->identity);
    return r < 0 ? r : add_option(argv, "--", c->host);
}

static int make_argv(const struct cluster *c, struct strv *argv)
{
    static const char *const always[] = {
        SSH,
        "-T",
        "-oBatchMode=yes",
        "-oControlMaster=no",
        "-oClearAllForwardings=yes",
        "-oPermitLocalCommand=no",
        "-oServerAliveCountMax=2",
        "-oStrictHostKeyChecking=yes",
        "-oForwardAgent=no",
        "-oForwardX11=no",
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(always) && r == 0; i++)
        r = strv_add(argv, always[i]);
    r = r < 0 ? r : strv_printf(argv, "-oConnectTimeout=%u", c->alive_s);
    r = r < 0 ? r
              : strv_printf(argv, "-oServerAliveInterval=%u", c->alive_s > 3 ? c->alive_s / 3 : 1);
    r = r < 0 ? r : add_config(argv);
    return r < 0 ? r : add_master(argv, c);
}

static void openssh_stream_end(struct stream *s)
{
    fdp_cleanup(&s->fd);
    fdp_cleanup(&s->err);
    if (s->pid > 0) {
        kill(-s->pid, SIGKILL);
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    free(s);
}

static int open_ends(struct stream *s, int theirs[2])
{
    int in[2], err[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0)
        return -errno;
    s->fd = in[0];
    theirs[0] = in[1];
    if (pipe2(err, O_CLOEXEC) < 0)
        return -errno;
    s->err = err[0];
    theirs[1] = err[1];
    return fcntl(s->err, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int spawn(struct stream *s, struct strv *argv)
{
    int theirs[2] = {-1, -1};
    int r = open_ends(s, theirs);

    if (r == 0)
        r = local_spawn(&s->pid, argv->v, (const int[3]){theirs[0], theirs[0], theirs[1]});
    fdp_cleanup(&theirs[0]);
    fdp_cleanup(&theirs[1]);
    return r;
}

/* Start ssh with `before` the host and `after` it; either may be NULL. */
static int start_ssh(struct link *l, const char *before, const char *after, struct stream **sp,
                     struct error *e)
{
    _cleanup_(strvp) struct strv argv = STRV_INIT;
    struct stream *s = calloc(1, sizeof *s);
    int r = s ? make_argv(l->cluster, &argv) : -ENOMEM;

    if (r == 0 && before)
        r = add_option(&argv, "-O", before);
    r = r < 0 ? r : add_host(&argv, l->cluster);
    if (r == 0 && after)
        r = strv_add(&argv, after);
    if (s)
        *s = (struct stream){.link = l, .fd = -1, .err = -1};
    r = r < 0 ? r : spawn(s, &argv);
    if (r < 0) {
        if (s)
            openssh_stream_end(s);
        return error_set(e, TRANSPORT_E_NOT_RUN, "cannot run %s: %s", SSH, strerror(-r));
    }
    *sp = s;
    return 0;
}

static int openssh_stream_start(struct link *l, const char *command, struct stream **sp,
                                struct error *e)
{
    return start_ssh(l, NULL, command, sp, e);
}

static ssize_t done(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static ssize_t openssh_stream_read(struct stream *s, enum link_end end, void *to, size_t room)
{
    return done(end == LINK_ERR ? read(s->err, to, room) : recv(s->fd, to, room, MSG_DONTWAIT));
}

static ssize_t openssh_stream_write(struct stream *s, const void *from, size_t len)
{
    return done(send(s->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static int openssh_stream_finish(struct stream *s)
{
    return shutdown(s->fd, SHUT_WR) < 0 ? -errno : 0;
}

static size_t openssh_stream_poll(struct stream *s, bool writing, struct pollfd fds[LINK_FDS])
{
    fds[0] = (struct pollfd){.fd = s->fd, .events = POLLIN};
    if (writing)
        fds[0].events |= POLLOUT;
    fds[1] = (struct pollfd){.fd = s->err, .events = POLLIN};
    return 2;
}

static int openssh_stream_fd(const struct stream *s)
{
    return s->fd;
}

/* What ssh says when it was not let in; all else may be better the next time. */
static const char *const refusals[] = {
    "Permission denied",
    "Host key verification failed",
    "Too many authentication failures",
    "No ED25519 host key is known",
    "host key is known for",
    "REMOTE HOST IDENTIFICATION HAS CHANGED",
};

/* ssh may close its output before its last words are here: add them. */
static void hear_rest(struct stream *s, struct buf *said)
{
    int64_t deadline = clock_mono_ns() + NS_PER_S;
    struct pollfd p = {.fd = s->err, .events = POLLIN};
    char words[1024];
    ssize_t n;

    while (link_wait(&p, 1, s->link->stop, deadline) == 0) {
        n = done(read(s->err, words, sizeof words));
        if (n == 0 || (n < 0 && n != -EAGAIN) || said->len > sizeof words * 16)
            return;
        if (n > 0)
            (void)buf_add(said, words, (size_t)n);
    }
}

static int openssh_stream_verdict(struct stream *s, struct span heard, struct error *e)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    const struct cluster *c = s->link->cluster;
    struct span said, line, last;
    int code = TRANSPORT_E_NOT_RUN;

    (void)buf_add_span(&text, heard);
    hear_rest(s, &text);
    last = said = buf_span(&text);

    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        if (memmem(said.data, said.len, refusals[i], strlen(refusals[i])))
            code = TRANSPORT_E_LOGIN;
    while (span_next_line(&said, &line))
        if (line.len)
            last = line;
    return error_set(e, code, "ssh gives no shell at %s; it says: %.*s", c->host,
                     (int)(last.len < 250 ? last.len : 250), last.data);
}

/* Until it ends, or the deadline. Its status, or a negative errno. */
static int wait_end(struct stream *s, int64_t deadline)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    char rest[256];
    int status, r = 0;

    while (r == 0 && recv(s->fd, rest, sizeof rest, MSG_DONTWAIT) != 0)
        r = link_wait(&p, 1, s->link->stop, deadline);
    if (r < 0)
        return r;
    while (waitpid(s->pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    s->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int openssh_link_connect(struct link *l, struct error *e)
{
    const struct cluster *c = l->cluster;
    struct stream *s;
    int r;

    if (!c->control_path)
        return 0;
    r = start_ssh(l, "check", NULL, &s, e);
    if (r != 0)
        return r;
    r = wait_end(s, clock_mono_ns() + c->alive_s * NS_PER_S);
    openssh_stream_end(s);
    if (r == 0)
        return 0;
    if (r < 0)
        return error_set(e, TRANSPORT_E_NOT_RUN, "the ssh master at %s does not answer",
                         c->control_path);
    return error_set(e, TRANSPORT_E_LOGIN,
                     "there is no ssh master at %s; start one with: ssh -M -S %s %s",
                     c->control_path, c->control_path, c->host);
}

static void openssh_link_disconnect(struct link *l)
{
    (void)l; /* the connection is its streams' or the master's */
}

static void openssh_link_close(struct link *l)
{
    free(l);
}

const struct link_ops link_openssh = {
    .open = openssh_link_open,
    .close = openssh_link_close,
    .connect = openssh_link_connect,
    .disconnect = openssh_link_disconnect,
    .start = openssh_stream_start,
    .end = openssh_stream_end,
    .read = openssh_stream_read,
    .write = openssh_stream_write,
    .finish = openssh_stream_finish,
    .poll = openssh_stream_poll,
    .fd = openssh_stream_fd,
    .verdict = openssh_stream_verdict,
};

static int openssh_open(struct transport **tp, const struct cluster *c, struct error *e)
{
    return far_open(tp, &link_openssh, c, e);
}

const struct transport_ops transport_openssh = {
    .name = "openssh",
    .open = openssh_open,
    .connect = far_connect,
    .disconnect = far_disconnect,
    .interrupt = far_interrupt,
    .run = far_run,
    .put = far_put,
    .fetch = far_fetch,
    .move_in = far_move_in,
    .remove = far_remove,
    .follow = far_follow,
    .follow_read = far_follow_read,
    .read = far_read,
    .close = far_close,
};
